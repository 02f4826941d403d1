"""Holm's correction for multiple comparisons."""

from __future__ import annotations

from collections.abc import Sequence

from espnet_kd.scoring.bootstrap import LEVEL


def holm(p_values: Sequence[float]) -> list[bool]:
    """Apply Holm's step-down test: the chance of even one false rejection is at most 5 %.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979): the smallest of m p-values is compared with 0.05 / m, the next one with
    0.05 / (m - 1), and so on. The first p-value above its limit ends the test: this comparison and
    all after it are not significant.

    Args:
        p_values: one p-value for each comparison.

    Returns:
        Whether each comparison is significant.
    """
    rejected = [False] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] > (1 - LEVEL) / (len(p_values) - rank):
            break
        rejected[index] = True
    return rejected
