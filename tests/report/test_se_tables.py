from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.report.published import ti_kd_table_1
from espnet_kd.report.se_tables import (
    load_se_results,
    se_comparisons,
    se_table,
)
from espnet_kd.scoring.se_scores import write_scores

from ..se_files import DT_REAL, DT_SIMU, ET_REAL, ET_SIMU

SIMU_SETS, REAL_SETS = (DT_SIMU, ET_SIMU), (DT_REAL, ET_REAL)


def cells(table: str, title: str) -> list[str]:
    row = next(line for line in table.splitlines() if line.startswith(f"| {title}"))
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


def test_rows_in_the_papers_order_and_gaps_where_nothing_was_scored(write_system):
    for system in ("student", "another", "noisy", "teacher_wrong_text", "teacher", "baseline"):
        root = write_system(system, 5.0)
    write_system("noisy", 4.0, ET_SIMU)
    table = se_table(load_se_results(root), (*SIMU_SETS, *REAL_SETS), ("sdr",), None, REAL_SETS)
    titles = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert titles == [
        "Noisy input",
        "Baseline",
        "Text-informed teacher",
        "Teacher, exchanged transcripts (control)",
        "Student",
        "another",
    ]
    assert cells(table, "SE model")[2:] == ["dt05 real", "et05 real"]
    assert cells(table, "Student")[1:] == ["–", "no reference", "no reference"]
    value, low, high = (float(x.strip("[],")) for x in cells(table, "Noisy input")[1].split())
    assert low < value < high and value == pytest.approx(4.0, abs=1.5)


def test_a_simulated_set_without_scores_is_a_gap_not_a_crash(write_system):
    root = write_system("noisy", 5.0)
    table = se_table(load_se_results(root), SIMU_SETS, ("pesq_raw", "sdr"))
    assert cells(table, "SE model")[-1] == "et05 simu"
    assert cells(table, "Noisy input")[-1] == "–"


def test_published_numbers_are_extra_rows(write_system):
    root = write_system("noisy", 5.0)
    write_system("noisy", 5.0, ET_SIMU)
    table = se_table(
        load_se_results(root), SIMU_SETS, ("pesq_raw", "sdr"), ti_kd_table_1(SIMU_SETS)
    )
    assert cells(table, "*published: Student*") == ["2.63", "11.97", "2.66", "13.47"]


def test_comparisons_of_a_losing_student(write_system):
    write_system("baseline", 6.0)
    root = write_system("student", 5.0)
    comparisons = se_comparisons(load_se_results(root), SIMU_SETS, ("sdr", "stoi"))
    assert [(c.system, c.other, c.set_name, c.verdict) for c in comparisons] == [
        ("student", "baseline", DT_SIMU, "worse")
    ] * 2
    assert comparisons[0].difference.value == pytest.approx(-1.0, abs=0.3)


def test_a_teacher_that_ignores_the_text_shows_no_difference(write_system):
    write_system("teacher", 6.0, scatter=0.5)
    root = write_system("teacher_wrong_text", 6.0, scatter=0.5)
    (comparison,) = se_comparisons(load_se_results(root), [DT_SIMU], ("sdr",))
    assert comparison.verdict == "no difference shown"


def test_undefined_scores_leave_the_pair_out(tmp_path):
    scores = {"pesq": float("nan"), "pesq_raw": 1.0, "stoi": 1.0, "sdr": 1.0, "si_snr": 1.0}
    for system in ("student", "baseline"):
        write_scores(tmp_path / system / DT_SIMU, {"u": scores})
    results = load_se_results(tmp_path)
    assert [c.measure for c in se_comparisons(results, [DT_SIMU], ("pesq", "sdr"))] == ["SDR [dB]"]
    assert cells(se_table(results, [DT_SIMU], ("pesq",)), "Student") == ["–"]


def test_systems_scored_on_different_utterances_are_not_compared(write_system, tmp_path):
    root = write_system("baseline", 6.0)
    scores = dict.fromkeys(("pesq", "pesq_raw", "stoi", "sdr", "si_snr"), 1.0)
    write_scores(root / "student" / DT_SIMU, {"u00": scores})
    with pytest.raises(
        UserError, match="student and baseline: were scored on different utterances"
    ):
        se_comparisons(load_se_results(root), [DT_SIMU], ("sdr",))
