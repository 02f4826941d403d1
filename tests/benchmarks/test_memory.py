"""Peak memory of a piece of work."""

from __future__ import annotations

import pytest
import torch

from benchmarks.memory import PROCESS, peak_megabytes


def test_peak_covers_only_this_call():
    assert (PROCESS / "clear_refs").exists()  # any Linux has it

    def touch(megabytes: int) -> None:
        torch.ones(megabytes * 250_000)

    touch(1)
    for megabytes in (120, 40):
        found = peak_megabytes(lambda size=megabytes: touch(size), "cpu")
        assert found == pytest.approx(megabytes, abs=8)


def test_peak_is_none_where_the_system_reports_none(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.memory.PROCESS", tmp_path / "nothing")
    assert peak_megabytes(lambda: None, "cpu") is None
