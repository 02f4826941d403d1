from __future__ import annotations

from dataclasses import replace

import pytest

from espnet_kd.report.comparison import Comparison, comparison_table, in_words
from espnet_kd.scoring.bootstrap import Interval

GAIN, LOSS, NOTHING = (
    Interval(0.5, 0.2, 0.8),
    Interval(-0.5, -0.8, -0.2),
    Interval(0.1, -0.2, 0.4),
)


def comparison(difference, set_name="dt05_simu_isolated_1ch_track", measure="SDR [dB]", up=True):
    return Comparison("student", "baseline", set_name, measure, difference, up, 2)


@pytest.mark.parametrize(
    ("difference", "higher_is_better", "verdict"),
    [
        (GAIN, True, "better"),
        (LOSS, True, "worse"),
        (GAIN, False, "worse"),
        (LOSS, False, "better"),
        (NOTHING, True, "no difference shown"),
        (NOTHING, False, "no difference shown"),
    ],
)
def test_verdicts(difference, higher_is_better, verdict):
    assert comparison(difference, up=higher_is_better).verdict == verdict


@pytest.mark.parametrize(
    ("differences", "words"),
    [
        ([GAIN, GAIN], "is better than Baseline in SDR on every set."),
        (
            [GAIN, LOSS],
            "in some comparisons, **not in all** (better: SDR on dt05 simu; worse: SDR on x)",
        ),
        (
            [GAIN, NOTHING],
            "**not in all** (better: SDR on dt05 simu; no difference shown: SDR on x)",
        ),
        (
            [LOSS, LOSS],
            "**loses** to Baseline and is never better (worse: SDR on dt05 simu, x)",
        ),
        ([LOSS, NOTHING], "**loses** to Baseline and is never better"),
        ([NOTHING, NOTHING], "shows **no gain** over Baseline"),
    ],
)
def test_summary_matches_the_differences(differences, words):
    first, second = differences
    text = in_words([comparison(first), comparison(second, set_name="x")])
    assert words in text
    assert text.count("\n") == 0


def test_measures_with_the_same_verdict_are_grouped():
    losses = [
        comparison(LOSS, set_name=name, measure=measure)
        for name in ("dt05", "et05")
        for measure in ("PESQ", "SDR [dB]")
    ]
    text = in_words([*losses, comparison(LOSS, "dt05", "STOI [%]"), comparison(NOTHING, "et05")])
    gains = in_words([comparison(GAIN), comparison(GAIN, measure="PESQ")])
    assert gains.endswith("in every comparison.")
    assert "(worse: PESQ, SDR on dt05, et05 and STOI on dt05; no difference shown: SDR on" in text


def test_table_of_one_measure_has_a_column_for_each_set():
    table = comparison_table([comparison(GAIN), comparison(LOSS, set_name="et05_real")])
    header, _, row = table.splitlines()
    assert header == "| difference | measure | dt05 simu | et05 real |"
    assert row.endswith("| SDR [dB] | +0.50 [+0.20, +0.80] better | -0.50 [-0.80, -0.20] worse |")


def test_table_of_several_measures_has_a_column_for_each_and_gaps():
    table = comparison_table(
        [comparison(GAIN), comparison(GAIN, measure="PESQ"), comparison(GAIN, set_name="et05")]
    )
    header, _, first, second = table.splitlines()
    assert header == "| difference | set | SDR [dB] | PESQ |"
    assert "–" not in first and second.endswith("better | – |")


def test_a_correction_overrides_the_interval():
    assert replace(comparison(GAIN), significant=False).verdict == "no difference shown"
    assert replace(comparison(LOSS), significant=True).verdict == "worse"


def test_verdicts_in_a_table_can_have_other_marks():
    marks = {"better": "**better**", "no difference shown": ""}
    rows = comparison_table([comparison(GAIN), comparison(NOTHING, "x")], marks).splitlines()
    assert rows[-1].endswith("+0.80] **better** | +0.10 [-0.20, +0.40] |")
