from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.scoring.holm import holm


@pytest.mark.parametrize(
    ("p_values", "significant"),
    [
        # Limits 0.05 / 4, / 3 and / 2: 0.005 and 0.01 pass, 0.03 > 0.025 does not.
        ([0.01, 0.04, 0.03, 0.005], [True, False, False, True]),
        # 0.045 < 0.05 / 1, but the test has already ended at the smaller 0.03 > 0.05 / 2.
        ([0.045, 0.03], [False, False]),
        ([0.045, 0.02], [True, True]),
        ([0.049], [True]),
        ([0.051], [False]),
        ([0.02, 0.02, 0.02], [False, False, False]),
        ([0.01, 0.01, 0.01], [True, True, True]),
        ([], []),
    ],
)
def test_holm_matches_results_by_hand(p_values, significant):
    assert holm(p_values) == significant


def test_a_false_positive_among_twenty_is_rare():
    drawn = np.random.default_rng(0).uniform(size=(2000, 20))
    false = np.mean([any(holm(p_values)) for p_values in drawn])
    assert 0.03 < false < 0.065
