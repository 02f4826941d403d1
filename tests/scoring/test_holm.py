from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.scoring.holm import holm


@pytest.mark.parametrize(
    ("p_values", "significant"),
    [
        # Held against 0.05 / 4, / 3, / 2: 0.005 and 0.01 pass, 0.03 > 0.025 does not.
        ([0.01, 0.04, 0.03, 0.005], [True, False, False, True]),
        # 0.045 < 0.05 / 1, but the smaller 0.03 > 0.05 / 2 has ended the test.
        ([0.045, 0.03], [False, False]),
        ([0.045, 0.02], [True, True]),
        ([0.049], [True]),
        ([0.051], [False]),
        ([0.02, 0.02, 0.02], [False, False, False]),
        ([0.01, 0.01, 0.01], [True, True, True]),
        ([], []),
    ],
)
def test_by_hand(p_values, significant):
    assert holm(p_values) == significant


def test_no_difference_at_all_is_rarely_found_in_any_of_twenty():
    drawn = np.random.default_rng(0).uniform(size=(2000, 20))
    false = np.mean([any(holm(p_values)) for p_values in drawn])
    assert 0.03 < false < 0.065
