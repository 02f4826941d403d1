"""Table of the causal students: its figures, and a whole run of one process."""

from __future__ import annotations

import pytest

from benchmarks import streaming
from benchmarks.stream_hops import time_hops
from espnet_kd.report.markdown import GAP

RESULTS = [
    {"parameters": 23669, "macs": 37.4e6, "hop": 256, "latency": 512, "clock": c, "cpu": [2.0]}
    for c in ([3.0, 5.0], [6.0, 6.0])
]


def test_row_of_a_student():
    assert streaming.student_row("a.yaml", RESULTS) == (
        "`a.yaml`", "23,669", "37.4", "32", "16", "5.00", "1.41", "5.50", "6.00", "6.00", "2.00",
        "0.31", "0.12",
    )  # fmt: skip
    assert streaming.onnx_row("a", RESULTS)[:5] == ("a", GAP, GAP, "32", "16")


def test_first_hops_are_not_timed(monkeypatch):
    calls = []
    times = time_hops(lambda: calls.append(None), 60)
    assert len(calls) == 110
    assert len(times["clock"]) == len(times["cpu"]) == 60


def test_one_process(tmp_path, capsys):
    page = tmp_path / "RESULTS.md"
    streaming.main(["--processes", "1", "--hops", "2", "--out", str(page)])
    text = page.read_text()
    assert "| `conf/se/gtcrn.yaml` | 23,669 |" in text and "| 32 | 16 |" in text
    for end in ("", ", without STFT"):
        assert f"| `conf/se/gtcrn.yaml`, onnxruntime{end} | {GAP} | {GAP} | 32 | 16 |" in text
    assert "| `conf/se/conv_tasnet_causal.yaml`, onnxruntime | " in text
    assert "times the CPU time of our whole hop in PyTorch, and " in text
    assert "python -m benchmarks.streaming --processes 1 --hops 2" in text


@pytest.mark.parametrize("option", ["--processes", "--hops"])
def test_nothing_to_measure(option, capsys):
    with pytest.raises(SystemExit, match=f"error: {option}: is 0; give 1 or more"):
        streaming.main([option, "0"])
