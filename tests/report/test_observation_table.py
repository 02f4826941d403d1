"""Table of the weights of observation adding."""

from __future__ import annotations

from espnet_kd.fileio import write_lines
from espnet_kd.report.observation_table import observation_table
from espnet_kd.scoring.wer import COUNTS_FILE, HEADER


def test_the_chosen_weight_is_bold(tmp_path):
    for place, errors in (("noisy/0", 4), ("student/0.7", 2), ("student/1", 3)):
        for name in ("dt05_simu", "dt05_real"):
            path = tmp_path / place / name / "wer" / COUNTS_FILE
            write_lines(path, ["\t".join(HEADER), f"u1\t{10 - errors}\t{errors}\t0\t0"])
    assert observation_table(tmp_path, ["dt05_simu", "dt05_real"]).splitlines() == [
        "| ASR input | weight | dt05 simu | dt05 real | all words |",
        "| --- | --: | --: | --: | --: |",
        "| Conv-TasNet student | 0 | 40.0 | 40.0 | 40.0 |",
        "| **Conv-TasNet student** | **0.7** | **20.0** | **20.0** | **20.0** |",
        "| Conv-TasNet student | 1 | 30.0 | 30.0 | 30.0 |",
    ]
