from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from espnet_kd.corpora.references.checks import Measures, measure

GOOD = Measures(
    offset=0, clipped=0, noise_weight=1.0, residual_db=-30.0, limit_db=-6.0, correlation=0.9
)


def test_measures_match_their_definitions():
    # 100 ms of silence, then a square wave; the noise has amplitude 100 and is orthogonal to it.
    original = np.zeros(6400, dtype=int)
    original[1600:] = 1000 * np.tile([1, 1, -1, -1], 1200)
    noise = 100 * np.tile([1, -1], 3200)[None]
    mixture = 2 * original[None] + noise
    mixture[0, 3] = 32767
    mixture[0, :3] += 10
    (found,) = measure(mixture, noise, original, "background", 1)
    residual = math.sqrt((3 * 10**2 + (32767 + 100) ** 2) / 1600)
    assert found.residual_db == pytest.approx(20 * math.log10(residual / 100), abs=0.01)
    assert found.limit_db == pytest.approx(20 * math.log10((50 + 4) / 100), abs=0.01)
    assert (found.offset, found.clipped) == (1, 1)
    mixture[0, :4] = noise[0, :4]
    (found,) = measure(mixture, noise, original, "estimate")
    assert found.noise_weight == 1.0 and found.correlation == pytest.approx(1.0, abs=1e-3)
    assert found.residual_db == -100.0
    assert found.limit_db == pytest.approx(20 * math.log10((10 + 4) / 100), abs=0.01)
    assert found.problem() is None


def test_without_the_original_only_the_weight_is_checked():
    noise = np.random.default_rng(0).integers(-99, 99, (1, 4000))
    (found,) = measure(2 * noise, noise, None)
    assert math.isnan(found.correlation) and math.isnan(found.limit_db)
    assert (
        found.noise_weight == 2.0 and "weight 2.0 in the mixture, not 0.5 to 1.5" in found.problem()
    )
    assert replace(found, noise_weight=1.0).problem() is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"noise_weight": 0.49}, "weight 0.49"),
        ({"residual_db": -6.1}, None),
        (
            {"residual_db": -5.9},
            "first 100 ms are at -5.9 dB re the subtracted noise (at most -6.0",
        ),
        ({"correlation": 0.29}, "correlation with the original is 0.29"),
    ],
)
def test_limits(change, problem):
    found = replace(GOOD, **change).problem()
    assert found is None if problem is None else problem in found
