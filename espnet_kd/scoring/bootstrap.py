"""How sure a mean or an error rate is, and whether two systems differ.

Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation",
ICASSP 2004: utterances are drawn with replacement, both systems on the same draw. A mean score is
the same statistic with a weight of 1 for each utterance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

LEVEL = 0.95
REPLICATES = 10_000
SEED = 2004
BLOCK = 500


@dataclass(frozen=True)
class Interval:
    """A value with its bootstrap interval.

    Attributes:
        value: on the data themselves.
        low: lower end.
        high: upper end.
    """

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference is significant at the interval's level."""
        return self.low > 0 or self.high < 0


def mean_interval(values: np.ndarray) -> Interval:
    """95 % interval of a mean.

    Args:
        values: one number for each utterance (N,).
    """
    values = np.asarray(values, dtype=np.float64)
    return ratio_interval(values, np.ones_like(values))


def ratio_interval(numerator: np.ndarray, denominator: np.ndarray) -> Interval:
    """95 % percentile interval of sum(numerator) / sum(denominator) over utterances.

    With the errors of an utterance over its reference words it is that of the WER; with the
    difference of the errors of two systems over the words they share it is that of the
    difference of two WERs (paired; Bisani and Ney 2004, section 4). Same input, same result.

    Args:
        numerator: one number for each utterance (N,).
        denominator: one number for each utterance (N,), at least 0, not all 0.

    Raises:
        ValueError: no utterance, other shapes, or a denominator that sums to 0.
    """
    numerator = np.asarray(numerator, dtype=np.float64)
    return ratio_tests(numerator[:, None], denominator)[0].interval


class RatioTest(NamedTuple):
    """A ratio with its interval, and how likely one as far from 0 is if it is 0 in truth."""

    interval: Interval
    p_value: float


def ratio_tests(numerators: np.ndarray, denominator: np.ndarray) -> list[RatioTest]:
    """Do as `ratio_interval` for several numerators on the same draws, and test each against 0.

    The p value is two-sided: twice the smaller share of draws on either side of 0, with one
    count added as in Davison and Hinkley, "Bootstrap methods and their application" (1997),
    section 4.2 (that it inverts the percentile interval is our reading). It is never below
    2 / (REPLICATES + 1).

    Args:
        numerators: one number for each utterance and ratio (N, K).
        denominator: one number for each utterance (N,), at least 0, not all 0.

    Raises:
        ValueError: no utterance, other shapes, or a denominator that sums to 0.
    """
    numerators = np.asarray(numerators, dtype=np.float64)
    denominator = np.asarray(denominator, dtype=np.float64)
    if numerators.ndim != 2 or denominator.shape != numerators.shape[:1] or not denominator.size:
        raise ValueError(f"shapes {numerators.shape} and {denominator.shape} do not share N > 0")
    if not denominator.sum() > 0:
        raise ValueError("the denominator sums to 0")
    both = np.column_stack([numerators, denominator])
    sums = np.concatenate([draws @ both for draws in _draws(denominator.size)])
    sums = sums[sums[:, -1] > 0]
    ratios = sums[:, :-1] / sums[:, -1:]
    values = numerators.sum(0) / denominator.sum()
    tail = 50 * (1 - LEVEL)
    lows, highs = np.percentile(ratios, [tail, 100 - tail], axis=0)
    smaller = np.minimum((ratios <= 0).sum(0), (ratios >= 0).sum(0))
    p_values = np.minimum(1.0, 2 * (smaller + 1) / (len(ratios) + 1))
    return [
        RatioTest(Interval(*map(float, ends)), float(p))
        for *ends, p in zip(values, lows, highs, p_values, strict=True)
    ]


def _draws(size: int) -> Iterator[np.ndarray]:
    """How often each utterance is drawn (BLOCK, size), in blocks that bound the memory."""
    generator = np.random.default_rng(SEED)
    for _ in range(REPLICATES // BLOCK):
        yield generator.multinomial(size, np.full(size, 1 / size), BLOCK).astype(np.float64)
