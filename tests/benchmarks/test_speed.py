"""The command that compares with stock ESPnet, with measurements replaced."""

from __future__ import annotations

import pytest

from benchmarks import speed_parts
from benchmarks.speed import PARTS, main
from benchmarks.speed_parts import MEASURE, Found
from benchmarks.speed_table import Row


@pytest.fixture
def measured(monkeypatch):
    """Replace measurements: every part returns a row with its name; list the calls."""
    seen = []

    def measure(part, options):
        seen.append((part, options.rounds, options.command_rounds))
        return Found([Row(part, "2 s", "1 s")], sections=["more"] if part == "curve" else [])

    monkeypatch.setattr(speed_parts, "measure_part", measure)
    return seen


def test_every_part_can_be_measured():
    assert tuple(MEASURE) == PARTS


def test_section_has_all_rows(measured, tmp_path):
    page = tmp_path / "RESULTS.md"
    main(["--rounds", "2", "--out", str(page)])
    text = page.read_text()
    assert measured == [(part, 2, 1) for part in PARTS]
    assert "## Comparison with stock ESPnet\n" in text
    assert f"- command: `python -m benchmarks.speed --rounds 2 --out {page}`" in text
    assert "| growth | 2 s | 1 s | – | – | – | – |\n\nmore\n\nStock is ESPnet" in text


def test_selected_rows_are_printed_but_not_written(measured, tmp_path, capsys):
    page = tmp_path / "RESULTS.md"
    main(["--rows", "start", "training", "--out", str(page)])
    assert [part for part, *_ in measured] == ["training", "start"]
    assert "| start | 2 s | 1 s |" in capsys.readouterr().out
    assert not page.exists()


@pytest.mark.parametrize("option", ["--rounds", "--command_rounds"])
def test_rejects_zero(option):
    with pytest.raises(SystemExit, match=f"error: {option}: is 0; give 1 or more"):
        main([option, "0"])
