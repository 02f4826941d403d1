"""Table of the weights of observation adding."""

from __future__ import annotations

from espnet_kd.fileio import write_lines
from espnet_kd.report.observation_table import observation_table
from espnet_kd.scoring.wer import COUNTS_FILE, HEADER


def test_the_chosen_weight_is_bold(tmp_path):
    """Fewer character errors decide, even with more word errors."""
    for place, characters, words in (("noisy/0", 4, 9), ("student/0.7", 2, 9), ("student/1", 3, 8)):
        for name in ("dt05_simu", "dt05_real"):
            for unit, errors in (("cer", characters), ("wer", words)):
                path = tmp_path / place / name / unit / COUNTS_FILE
                write_lines(path, ["\t".join(HEADER), f"u1\t{10 - errors}\t{errors}\t0\t0"])
    student = "Student"
    bold = " | ".join(f"**{x}**" for x in (student, "0.7", *["20.0"] * 3, *["90.0"] * 3))
    columns = " | ".join(
        f"{u} {c}" for u in ("CER", "WER") for c in ("dt05 simu", "dt05 real", "both")
    )
    assert observation_table(tmp_path, ["dt05_simu", "dt05_real"]).splitlines() == [
        f"| ASR input | weight | {columns} |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
        f"| {student} | 0 | 40.0 | 40.0 | 40.0 | 90.0 | 90.0 | 90.0 |",
        f"| {bold} |",
        f"| {student} | 1 | 30.0 | 30.0 | 30.0 | 80.0 | 80.0 | 80.0 |",
    ]
