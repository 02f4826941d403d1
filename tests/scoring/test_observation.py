"""Choice of the weight of observation adding on the development sets."""

from __future__ import annotations

import pytest

from espnet_kd.bin.choose_observation import main
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_lines
from espnet_kd.scoring.align import Counts
from espnet_kd.scoring.observation import choose_weight, rates_by_weight
from espnet_kd.scoring.wer import COUNTS_FILE, HEADER

SETS = ("dt_simu", "dt_real")


@pytest.fixture
def scores(tmp_path):
    """Return a function that writes substitutions out of 10 characters in each set."""

    def write(system: str, weight: str, *errors: int) -> None:
        for name, count in zip(SETS, errors, strict=True):
            counts = Counts(correct=10 - count, substituted=count)
            line = "\t".join(map(str, ("u1", *counts)))
            path = tmp_path / system / weight / name / "cer" / COUNTS_FILE
            write_lines(path, ["\t".join(HEADER), line])

    write("noisy", "0", 4, 4)
    return write


def test_the_fewest_errors_over_both_sets(scores, tmp_path):
    scores("student", "0.3", 3, 2)
    scores("student", "0.7", 1, 5)
    scores("student", "1", 5, 1)
    assert choose_weight(tmp_path, "student", SETS) == "0.3"
    assert rates_by_weight(tmp_path, "student", SETS, "cer") == {
        "0": [0.4, 0.4, 0.4],
        "0.3": [0.3, 0.2, 0.25],
        "0.7": [0.1, 0.5, 0.3],
        "1": [0.5, 0.1, 0.3],
    }


def test_noisy_speech_can_be_the_best(scores, tmp_path):
    scores("student", "0.5", 5, 4)
    scores("student", "1", 6, 6)
    assert choose_weight(tmp_path, "student", SETS) == "0"


def test_of_equal_weights_the_one_that_enhances_most(scores, tmp_path):
    for weight in ("0.3", "1", "snr5", "0.5"):
        scores("student", weight, 2, 2)
    assert choose_weight(tmp_path, "student", SETS) == "1"
    assert list(rates_by_weight(tmp_path, "student", SETS, "cer")) == [
        "snr5",
        "0",
        "0.3",
        "0.5",
        "1",
    ]


def test_the_command_prints_one_line_per_system(scores, tmp_path, capsys):
    scores("baseline", "snr0", 3, 3)
    scores("student", "0.7", 1, 1)
    main(["--scores", str(tmp_path), "--systems", "baseline", "student", "--sets", *SETS])
    assert capsys.readouterr().out == "baseline snr0\nstudent 0.7\n"


def test_missing_scores(scores, tmp_path):
    with pytest.raises(UserError, match="student: holds no scores; run stage 14 again"):
        choose_weight(tmp_path, "student", SETS)
    scores("student", "1", 1, 1)
    with pytest.raises(UserError, match="noisy/0/other/cer/counts.tsv: does not exist"):
        choose_weight(tmp_path, "student", (*SETS, "other"))
