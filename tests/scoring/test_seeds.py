from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.scoring.seeds import seed_directory, seed_interval, seeded_name, seeds_of


@pytest.mark.parametrize(
    ("values", "mean", "half"),
    [
        # t(2) = 4.3027 at 97.5 %, s = 1.
        ([1.0, 2.0, 3.0], 2.0, 4.3027 / 3**0.5),
        # t(1) = 12.7062, s = sqrt(0.5).
        ([0.0, 1.0], 0.5, 12.7062 * 0.5),
        # t(4) = 2.7764, s = sqrt(2.5).
        ([11.0, 9.0, 10.0, 12.0, 8.0], 10.0, 2.7764 * (2.5 / 5) ** 0.5),
        ([7.0, 7.0, 7.0], 7.0, 0.0),
    ],
)
def test_intervals_match_calculation_by_hand(values, mean, half):
    interval = seed_interval(values)
    assert interval.value == pytest.approx(mean)
    assert interval.high - mean == pytest.approx(half, rel=1e-4)
    assert mean - interval.low == pytest.approx(half, rel=1e-4)


def test_intervals_of_three_seeds_cover_the_true_mean_95_percent_of_the_time():
    drawn = np.random.default_rng(0).normal(4.0, 0.7, (2000, 3))
    intervals = [seed_interval(values) for values in drawn]
    covered = np.mean([interval.low <= 4.0 <= interval.high for interval in intervals])
    assert 0.935 < covered < 0.965


@pytest.mark.parametrize("values", [[], [3.0]])
def test_fewer_than_two_values_are_rejected(values):
    with pytest.raises(ValueError, match="no spread"):
        seed_interval(values)


def test_names_of_seeds():
    assert seeded_name("at_kl", 12) == "at_kl-seed12"
    assert seed_directory("at_kl", 12) == "at_kl/seed12"
    systems = ["kl-seed2", "at_kl-seed10", "at_kl-seed9", "at_kl", "at_kl.seedx", "at_kl-seed9.old"]
    assert seeds_of("at_kl", systems) == [9, 10]
    assert seeds_of("kl", systems) == [2]
