from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.errors import UserError
from espnet_kd.report.set_names import SetNames
from espnet_kd.report.wer_tables import sclite_rows, wer_comparisons, wer_table
from espnet_kd.scoring.align import Counts

from ..se_files import DT_REAL, DT_SIMU, ET_REAL, ET_SIMU

SETS = SetNames((DT_SIMU, ET_SIMU), (DT_REAL, ET_REAL), ("dt05_bth", "et05_bth"))


def counts(rate: float, utterances: int = 60, words: int = 10) -> dict[str, Counts]:
    wrong = np.random.default_rng(int(100 * rate)).binomial(words, rate, utterances)
    return {f"u{i:02d}": Counts(words - int(n), int(n)) for i, n in enumerate(wrong)}


def test_rates_with_intervals_and_gaps():
    results = {
        DT_REAL: {"student": counts(0.2), "noisy": counts(0.4)},
        "dt05_bth": {"clean": counts(0.05)},
    }
    header, _, noisy, student, clean = wer_table(results, SETS).splitlines()
    columns = "dt05 simu | dt05 real | et05 simu | et05 real | dt05 bth"
    assert header == f"| ASR input | {columns} |"
    rate = 10 * np.mean([c.errors for c in results[DT_REAL]["student"].values()])
    assert student.startswith(f"| Student | – | {rate:.1f} [")
    assert noisy.startswith("| Noisy input | – |") and clean.endswith("] |")


def test_lower_rates_are_better():
    results = {DT_REAL: {"student": counts(0.2), "noisy": counts(0.4), "baseline": counts(0.5)}}
    verdicts = {(c.system, c.other): c.verdict for c in wer_comparisons(results, [DT_REAL])}
    assert verdicts == {
        ("baseline", "noisy"): "worse",
        ("student", "noisy"): "better",
        ("student", "baseline"): "better",
    }


def test_difference_equals_the_difference_of_the_rates():
    results = {DT_REAL: {"student": counts(0.2), "baseline": counts(0.5)}}
    (comparison,) = wer_comparisons(results, [DT_REAL])
    rates = {s: 10 * np.mean([c.errors for c in v.values()]) for s, v in results[DT_REAL].items()}
    assert comparison.difference.value == pytest.approx(rates["student"] - rates["baseline"])
    assert comparison.difference.low < comparison.difference.value < comparison.difference.high


def test_rows_in_espnet_format():
    results = {DT_REAL: {"noisy": {"a": Counts(3, 1, 0, 1), "b": Counts(4)}}}
    header, _, row = sclite_rows(results).splitlines()
    assert header == "| dataset | Snt | Wrd | Corr | Sub | Del | Ins | Err | S.Err |"
    assert row == f"| noisy/{DT_REAL} | 2 | 8 | 87.5 | 12.5 | 0.0 | 12.5 | 25.0 | 50.0 |"


def test_systems_scored_on_different_texts_are_not_compared():
    results = {DT_REAL: {"student": counts(0.2, words=9), "baseline": counts(0.5)}}
    with pytest.raises(UserError, match="student and baseline: were scored on different texts"):
        wer_comparisons(results, [DT_REAL])
