from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.scoring import bootstrap
from espnet_kd.scoring.bootstrap import Interval, mean_interval, ratio_interval


def test_interval_of_a_mean_is_the_normal_one_for_many_values():
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


def test_the_same_input_gives_the_same_interval():
    values = np.random.default_rng(2).normal(size=30)
    assert mean_interval(values) == mean_interval(values.copy())


def test_an_error_rate_weighs_utterances_by_their_words():
    assert ratio_interval(np.array([1, 0]), np.array([1, 9])).value == pytest.approx(0.1)


def test_pairing_finds_what_separate_intervals_hide():
    rng = np.random.default_rng(3)
    hard = rng.normal(10, 4, 50)
    ours, theirs = hard + 0.5 + rng.normal(0, 0.3, 50), hard
    first, second = mean_interval(ours), mean_interval(theirs)
    assert first.low < second.high
    assert mean_interval(ours - theirs).excludes_zero


@pytest.mark.parametrize(
    ("low", "high", "excludes"), [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False)]
)
def test_significance(low, high, excludes):
    assert Interval((low + high) / 2, low, high).excludes_zero is excludes


def test_one_utterance_has_an_interval_of_no_width():
    assert mean_interval(np.array([3.0])) == Interval(3.0, 3.0, 3.0)


def test_utterances_without_words_do_not_divide_by_zero():
    interval = ratio_interval(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
    assert np.isfinite([interval.value, interval.low, interval.high]).all()


@pytest.mark.parametrize(
    ("numerator", "denominator"), [([], []), ([1.0], [1.0, 2.0]), ([1.0], [0.0])]
)
def test_no_statistic_without_data(numerator, denominator):
    with pytest.raises(ValueError, match="denominator|shapes"):
        ratio_interval(np.array(numerator), np.array(denominator))
