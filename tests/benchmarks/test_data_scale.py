"""The benchmark of the data stages, on short lists."""

from __future__ import annotations

import pytest

from benchmarks import data_scale
from benchmarks.command_cost import Cost
from benchmarks.data_scale import Row, main, measure, scale_table, set_sizes, slope


def test_stages_make_all_sets_and_no_audio(tmp_path):
    costs = measure(200, 2, tmp_path)
    assert all(cost.seconds > 0.1 and 5 < cost.megabytes < 1000 for cost in costs)
    sets, wsj = set_sizes(200)
    simulated = 6 * sets["tr05_simu"]
    for name, size in (
        ("tr05_simu_isolated_1ch_track", simulated),
        ("tr05_simu_isolated_1ch_track_sp", 3 * simulated),
        ("tr05_real_isolated_1ch_track", 6 * sets["tr05_real"]),
        ("train_si284", wsj),
        ("et05_simu_isolated_1ch_track", sets["et05_simu"]),
    ):
        for file in ("wav.scp", "text_shape.char"):
            lines = (tmp_path / "recipe/dump/raw" / name / file).read_text().splitlines()
            assert len(lines) == size
    log = (tmp_path / "stage1.log").read_text()
    assert f"0 references made, {simulated} already there, 0 bad" in log
    assert f"0 recordings converted, {wsj} already there" in log


def row(utterances: int, seconds: float) -> Row:
    return Row(utterances, [Cost(seconds / 4, 500.4), Cost(3 * seconds / 4, 600.6)])


@pytest.mark.parametrize("exponent", [0.5, 1, 2])
def test_slope_is_the_exponent(exponent):
    rows = [row(n, 0.01 * n**exponent) for n in (1000, 10000, 90000)]
    assert slope(rows) == pytest.approx(exponent)


def test_page(tmp_path, monkeypatch):
    seconds = {1000: 8, 2000: 16, 4000: 64}
    monkeypatch.setattr(data_scale, "measure", lambda size, *_: row(size, seconds[size]).costs)
    page = tmp_path / "RESULTS.md"
    main(["--utterances", "1000", "2000", "4000", "--nj", "3", "--out", str(page)])
    text = page.read_text()
    assert "## Data stages on long lists\n" in text
    assert "- 3 processes\n- command: `python -m benchmarks.data_scale --utterances" in text
    assert "| 1000 | 2.0 | 6.0 | 8.0 | 125 | – | 500 | 601 |" in text
    assert "| 2000 | 4.0 | 12.0 | 16.0 | 125 | 1.00 | 500 | 601 |" in text
    assert "| 4000 | 16.0 | 48.0 | 64.0 | 62 | 2.00 | 500 | 601 |" in text
    assert "Slope of all rows: 1.50" in text


def test_one_size_has_no_slope():
    assert "lope of" not in scale_table([row(1000, 8)])


@pytest.mark.parametrize("sizes", [["99"], ["1000", "1000"], ["2000", "1000"]])
def test_rejects_bad_sizes(sizes):
    with pytest.raises(SystemExit, match="error: --utterances: are .* give rising numbers"):
        main(["--utterances", *sizes])
