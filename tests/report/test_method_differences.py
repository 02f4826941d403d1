from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.report import method_differences
from espnet_kd.report.method_differences import against_control
from espnet_kd.report.score_columns import Column
from espnet_kd.scoring.bootstrap import Interval, RatioTest

MEMBERS = {"none": ["none-seed0", "none-seed1"], "good": ["good-seed0", "good-seed1"]}


def column(parts, measure="SDR [dB]", up=True, weights=None, set_name="dt"):
    size = len(next(iter(parts.values())))
    weights = np.ones(size) if weights is None else np.array(weights, float)
    arrays = {system: np.array(values, float) for system, values in parts.items()}
    return Column(set_name, measure, 2, up, weights, arrays)


def test_errors_are_averaged_over_seeds_then_divided_by_the_words():
    parts = {
        "none-seed0": [100, 200],
        "none-seed1": [300, 200],
        "good-seed0": [100, 0],
        "good-seed1": [100, 300],
    }
    wer = column(parts, "WER [%]", False, weights=[4, 6])
    (found,) = against_control([wer], ["good"], "none", MEMBERS)
    # The method has on average 1 and 1.5 errors in 10 words, the control 2 and 2.
    assert found.difference.value == pytest.approx(100 * (2.5 - 4.0) / 10)
    assert (found.system, found.other, found.set_name) == ("good", "none", "dt")


def test_only_seeds_that_both_have_are_compared():
    # Seed 1 has high scores, and the control lacks it.
    parts = {"none-seed0": [1.0, 1.0], "good-seed0": [2.0, 4.0], "good-seed1": [90.0, 90.0]}
    (found,) = against_control([column(parts)], ["good"], "none", MEMBERS)
    assert found.difference.value == pytest.approx(2.0)
    other = {"none-seed1": [1.0, 1.0], "good-seed0": [2.0, 4.0]}
    assert against_control([column(other)], ["good"], "none", MEMBERS) == []


def test_a_control_without_seeds_is_compared_with_each_seed():
    parts = {"noisy": [1.0, 1.0], "good-seed0": [2.0, 4.0], "good-seed1": [4.0, 6.0]}
    members = {"noisy": ["noisy"], **MEMBERS}
    (found,) = against_control([column(parts)], ["good"], "noisy", members)
    assert found.difference.value == pytest.approx(3.0)


def test_only_planted_differences_are_found():
    rng = np.random.default_rng(5)
    hard = rng.normal(0, 4, 40)
    levels = {"none": 0.0, "better": 0.5, "same": 0.0, "worse": -0.5}
    members = {name: [f"{name}-seed{k}" for k in range(3)] for name in levels}
    parts = {
        system: hard + levels[name] + rng.normal(0, 0.4, 40)
        for name, systems in members.items()
        for system in systems
    }
    found = against_control([column(parts)], ["better", "same", "worse"], "none", members)
    assert [c.verdict for c in found] == ["better", "no difference shown", "worse"]


def test_significance_is_holms_among_methods_and_sets_of_one_measure(monkeypatch):
    # 0.03 alone would be significant, but not as one of several; measures are separate families.
    p_values = {("SDR", "dt"): [0.03, 0.001], ("SDR", "et"): [0.2, 0.03], ("PESQ", "dt"): [0.03, 1]}
    order = iter(p_values.values())
    monkeypatch.setattr(
        method_differences,
        "ratio_tests",
        lambda numerators, weights: [RatioTest(Interval(1, 0.5, 1.5), p) for p in next(order)],
    )
    parts = {"none": [0, 0], "a": [1, 1], "b": [2, 2]}
    columns = [column(parts, measure, set_name=name) for measure, name in p_values]
    found = against_control(columns, ["a", "b"], "none", {name: [name] for name in parts})
    assert [(c.system, c.measure, c.set_name, c.significant) for c in found] == [
        ("a", "SDR", "dt", False),
        ("a", "SDR", "et", False),
        ("a", "PESQ", "dt", False),
        ("b", "SDR", "dt", True),
        ("b", "SDR", "et", False),
        ("b", "PESQ", "dt", False),
    ]


def test_columns_without_control_or_utterances_are_skipped():
    lonely = column({"good-seed0": [1.0, 2.0]})
    empty = column({"good-seed0": [], "none-seed0": []})
    assert against_control([lonely, empty], ["good"], "none", MEMBERS) == []
