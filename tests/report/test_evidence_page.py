"""The evidence page: which systems are paired, over which seeds, and what it says."""

from __future__ import annotations

import pytest

from espnet_kd.bin.evidence import main
from espnet_kd.fileio import write_lines
from espnet_kd.scoring.wer import COUNTS_FILE, HEADER

from ..se_files import DT_REAL, DT_SIMU, ET_REAL, ET_SIMU

TRAIN_REAL = "tr05_real_isolated_1ch_track"


@pytest.fixture
def evidence(write_system, tmp_path):
    """Return a function that writes the page from what other functions scored."""
    (tmp_path / "root").mkdir()

    def run(*options: str) -> str:
        (tmp_path / "se").rename(tmp_path / "root" / "scores" / "se")
        sets = ["--simu_sets", DT_SIMU, ET_SIMU, "--real_sets", DT_REAL, ET_REAL]
        main(["--root", str(tmp_path / "root"), *sets, "--train_real_set", TRAIN_REAL, *options])
        return (tmp_path / "root" / "EVIDENCE.md").read_text()

    (tmp_path / "root" / "scores").mkdir()
    return run


def write_errors(root, asr, system, name, errors):
    lines = [f"u{number}\t{10 - errors}\t{errors}\t0\t0" for number in range(9)]
    path = root / "scores" / "wer" / asr / system / name / "wer" / COUNTS_FILE
    write_lines(path, ["\t".join(HEADER), *lines])


def rows(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"| {start}")]


def test_seeds_are_paired_and_others_compared_with_each(evidence, write_system, tmp_path):
    write_system("noisy", 2.0)
    for seed, level in enumerate((6.0, 7.0, 8.0)):
        write_system(f"student-seed{seed}", level, scatter=0.0)
        write_system(f"baseline_continued-seed{seed}", level - 1, scatter=0.0)
    write_system("student-seed3", 99.0)  # its control is missing
    text = evidence()
    row = rows(text, "Student − Baseline continued (control) | SI-SNR")[0]
    assert row.endswith("| 3 | +1.00 [+1.00, +1.00] **better** |"), "not +31 of the fourth seed"
    row = rows(text, "Student − Noisy input | SI-SNR")[0]
    assert row.split("|")[3].strip() == "4"
    numbers = (tmp_path / "root" / "evidence.tsv").read_text().splitlines()
    assert numbers[0].split("\t")[:3] == ["difference", "set", "measure"]
    wanted = f"student - baseline_continued\t{DT_SIMU}\tSI-SNR [dB]\t3\t40\t1.0000\t1.0000\t1.0000"
    assert wanted in numbers


def test_systems_without_seeds(evidence, write_system):
    write_system("teacher", 6.0, scatter=0.1)
    write_system("teacher_no_text", 7.0, scatter=0.1)
    text = evidence()
    row = rows(text, "Text-informed teacher − Teacher without text (control) | SI-SNR")[0]
    assert "| 1 | -0.9" in row and row.endswith("**worse** |")


def test_wer_is_shown_for_each_recognizer(evidence, write_system, tmp_path):
    write_system("noisy", 2.0)
    root = tmp_path / "root"
    for system, errors in (("noisy", 4), ("student_oa-seed0", 2), ("student_oa-seed1", 3)):
        write_errors(root, "asr_clean", system, ET_REAL, errors)
    text = evidence("--decoder", "ctc_greedy", "--command", "./run.sh")
    assert "## WER with the clean-condition ASR\n\nDecoder: greedy CTC" in text
    assert "multi-style" not in text
    row = rows(text, "Student + OA − Noisy input | WER")[0]
    assert row.endswith("| 2 | -15.0 [-20.0, -10.0] **better** |"), "fewer errors are better"
    assert "```\n./run.sh\n```" in text
    numbers = (root / "evidence.tsv").read_text()
    assert f"student_oa - noisy\t{ET_REAL}\tWER [%] asr_clean\t2\t9\t-15.0000" in numbers


def test_nothing_scored(tmp_path, capsys):
    sets = ["--simu_sets", DT_SIMU, ET_SIMU, "--real_sets", DT_REAL, ET_REAL]
    with pytest.raises(SystemExit) as stop:
        main(["--root", str(tmp_path), *sets, "--train_real_set", TRAIN_REAL])
    assert str(stop.value).endswith("scores: holds no scores; run the stages before")
