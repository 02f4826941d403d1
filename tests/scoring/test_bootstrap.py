from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.scoring import bootstrap
from espnet_kd.scoring.bootstrap import (
    Interval,
    mean_interval,
    ratio_interval,
    ratio_tests,
    seeds_interval,
)


def test_interval_of_a_mean_matches_the_normal_interval_for_many_values():
    values = np.random.default_rng(0).normal(5.0, 2.0, 1000)
    interval = mean_interval(values)
    half = 1.96 * values.std() / np.sqrt(values.size)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_95_percent_intervals_cover_the_truth_95_percent_of_the_time(monkeypatch):
    monkeypatch.setattr(bootstrap, "REPLICATES", 500)
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        words = rng.integers(5, 20, 60)
        interval = ratio_interval(rng.binomial(words, 0.2), words)
        covered += interval.low <= 0.2 <= interval.high
    assert 0.91 <= covered / 300 <= 0.98


def test_interval_is_deterministic():
    values = np.random.default_rng(2).normal(size=30)
    assert mean_interval(values) == mean_interval(values.copy())


def test_error_rate_weights_utterances_by_their_words():
    assert ratio_interval(np.array([1, 0]), np.array([1, 9])).value == pytest.approx(0.1)


def test_pairing_finds_a_difference_between_overlapping_intervals():
    rng = np.random.default_rng(3)
    hard = rng.normal(10, 4, 50)
    ours, theirs = hard + 0.5 + rng.normal(0, 0.3, 50), hard
    first, second = mean_interval(ours), mean_interval(theirs)
    assert first.low < second.high
    assert mean_interval(ours - theirs).excludes_zero


@pytest.mark.parametrize(
    ("low", "high", "excludes"), [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False)]
)
def test_excludes_zero(low, high, excludes):
    assert Interval((low + high) / 2, low, high).excludes_zero is excludes


def test_one_utterance_has_an_interval_of_zero_width():
    assert mean_interval(np.array([3.0])) == Interval(3.0, 3.0, 3.0)


def test_utterances_without_words_do_not_divide_by_zero():
    interval = ratio_interval(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
    assert np.isfinite([interval.value, interval.low, interval.high]).all()


@pytest.mark.parametrize(
    ("numerator", "denominator"), [([], []), ([1.0], [1.0, 2.0]), ([1.0], [0.0])]
)
def test_missing_or_mismatched_data_is_rejected(numerator, denominator):
    with pytest.raises(ValueError, match="denominator|shapes"):
        ratio_interval(np.array(numerator), np.array(denominator))


def test_several_ratios_are_tested_on_the_same_draws():
    rng = np.random.default_rng(4)
    numerators, words = rng.normal(0.1, 1.0, (40, 3)), rng.integers(3, 9, 40)
    for column, (interval, _) in zip(numerators.T, ratio_tests(numerators, words), strict=True):
        alone = ratio_interval(column, words)
        assert [interval.value, interval.low, interval.high] == pytest.approx(
            [alone.value, alone.low, alone.high]
        )


@pytest.mark.parametrize("sign", [1, -1])
def test_p_values_match_the_normal_distribution_for_many_values(sign):
    values = np.random.default_rng(6).normal(size=400)
    values = (values - values.mean()) / values.std()
    # Two-sided p-values of 1, 2 and 3 standard errors.
    shifted = values[:, None] + sign * np.array([1.0, 2.0, 3.0]) / 20
    p_values = [test.p_value for test in ratio_tests(shifted, np.ones(400))]
    assert p_values == pytest.approx([0.3173, 0.0455, 0.0027], rel=0.2, abs=1e-3)


def test_largest_and_smallest_p_value():
    equal, different = ratio_tests(np.array([[0.0, 1.0], [0.0, 2.0]]), np.ones(2))
    assert equal.p_value == 1.0
    assert different.p_value == pytest.approx(2 / 10_001)


def test_p_values_agree_with_the_intervals():
    numerators = np.random.default_rng(7).normal(0.3, 1.0, (30, 200))
    tests = ratio_tests(numerators, np.ones(30))
    clear = [test for test in tests if not 0.045 < test.p_value < 0.055]
    assert {test.interval.excludes_zero for test in clear} == {True, False}
    assert all(test.interval.excludes_zero == (test.p_value < 0.05) for test in clear)


def test_one_training_gives_the_interval_over_utterances():
    rng = np.random.default_rng(0)
    values, words = rng.normal(1, 2, 50), rng.integers(1, 9, 50)
    assert seeds_interval([values], words) == ratio_interval(values, words)


def test_equal_trainings_give_nearly_the_interval_over_utterances():
    values = np.random.default_rng(0).normal(1, 2, 200)
    one, several = mean_interval(values), seeds_interval([values] * 3, np.ones(200))
    assert several.value == pytest.approx(one.value)
    assert several.low == pytest.approx(one.low) and several.high == pytest.approx(one.high)


def test_trainings_that_differ_widen_the_interval():
    """Seed effects -1, 0, 1 without noise over utterances: means of three draws of them."""
    values = [np.full(40, effect) for effect in (-1.0, 0.0, 1.0)]
    found = seeds_interval(values, np.ones(40))
    assert found.value == 0
    # P(mean = -1) = 1/27 > 2.5 %, so the interval reaches both ends.
    assert (found.low, found.high) == (-1.0, 1.0)


def test_trainings_share_their_utterances():
    """A hard utterance is hard for every training: more trainings do not narrow the interval."""
    values = np.random.default_rng(1).normal(0, 1, 100)
    one, ten = mean_interval(values), seeds_interval([values] * 10, np.ones(100))
    assert ten.high - ten.low == pytest.approx(one.high - one.low, rel=0.01)
