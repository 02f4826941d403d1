"""Peak memory of a piece of work."""

from __future__ import annotations

import pytest
import torch

from benchmarks.memory import PROCESS, peak_megabytes


def test_peak_is_of_this_call_alone():
    assert (PROCESS / "clear_refs").exists()  # as on any Linux

    def touch(megabytes: int) -> None:
        torch.ones(megabytes * 250_000)

    touch(1)
    for megabytes in (120, 40):
        found = peak_megabytes(lambda size=megabytes: touch(size), "cpu")
        assert found == pytest.approx(megabytes, abs=8)


def test_a_system_that_does_not_tell(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.memory.PROCESS", tmp_path / "nothing")
    assert peak_megabytes(lambda: None, "cpu") is None
