"""Bootstrap confidence intervals of means and error rates, and tests for differences.

The method is that of Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR
performance evaluation", ICASSP 2004: utterances are drawn with replacement, and two systems are
compared on the same draws. A mean score is the same statistic as an error rate, with a weight of 1
for each utterance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        value: the statistic on the original data, without resampling.
        low: lower end of the interval.
        high: upper end of the interval.
    """

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference with this interval is significant at the level of the interval."""
        return self.low > 0 or self.high < 0


def mean_interval(values: np.ndarray) -> Interval:
    """Return the 95 % interval of a mean.

    Args:
        values: one number for each utterance (N,).
    """
    values = np.asarray(values, dtype=np.float64)
    return ratio_interval(values, np.ones_like(values))


def ratio_interval(numerator: np.ndarray, denominator: np.ndarray) -> Interval:
    """Return the 95 % percentile interval of sum(numerator) / sum(denominator) over utterances.

    Two uses of this ratio: with the errors as numerator and the reference words as denominator, it
    is the WER; with the difference between the errors of two systems as numerator, it is the paired
    difference of their WERs (Bisani and Ney 2004, section 4). The result is deterministic.

    Args:
        numerator: one number for each utterance (N,).
        denominator: one number for each utterance (N,), none negative and not all 0.

    Raises:
        ValueError: there is no utterance, the shapes differ, or the denominator sums to 0.
    """
    numerator = np.asarray(numerator, dtype=np.float64)
    return ratio_tests(numerator[:, None], denominator)[0].interval


def seeds_interval(numerators: Sequence[np.ndarray], denominator: np.ndarray) -> Interval:
    """Return the 95 % interval of a ratio averaged over trainings, by a hierarchical bootstrap.

    Trainings and utterances are drawn with replacement, independently of each other, since all
    trainings have the same utterances. With one training, this is `ratio_interval`.

    Args:
        numerators: for each training, one number for each utterance (N,).
        denominator: one number for each utterance (N,), none negative and not all 0.

    Raises:
        ValueError: see `ratio_tests`.
    """
    if len(numerators) == 1:
        return ratio_interval(numerators[0], denominator)
    values = np.stack(numerators, axis=1).astype(np.float64)
    denominator = np.asarray(denominator, dtype=np.float64)
    generator = np.random.default_rng(SEED + 1)
    count = len(numerators)
    ratios = []
    for draws in _draws(denominator.size):
        weights = draws @ denominator
        seeds = generator.multinomial(count, np.full(count, 1 / count), len(draws)) / count
        kept = weights > 0
        ratios.append((((draws @ values) * seeds).sum(1)[kept]) / weights[kept])
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(np.concatenate(ratios), [tail, 100 - tail])
    return Interval(float(values.mean(1).sum() / denominator.sum()), float(low), float(high))


class RatioTest(NamedTuple):
    """A ratio with its interval and the p-value of the hypothesis that the true ratio is 0."""

    interval: Interval
    p_value: float


def ratio_tests(numerators: np.ndarray, denominator: np.ndarray) -> list[RatioTest]:
    """Return the interval of several ratios on the same draws, and test each ratio against 0.

    For the intervals, see `ratio_interval`. The p-value is two-sided: twice the share of draws on
    the less frequent side of 0, with one count added as in Davison and Hinkley, "Bootstrap methods
    and their application" (1997), section 4.2 (that it inverts the percentile interval is our
    interpretation). It is never below 2 / (REPLICATES + 1).

    Args:
        numerators: one number for each utterance and ratio (N, K).
        denominator: one number for each utterance (N,), none negative and not all 0.

    Raises:
        ValueError: there is no utterance, the shapes differ, or the denominator sums to 0.
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
    """Yield how often each utterance is drawn (BLOCK, size), in blocks to limit the memory."""
    generator = np.random.default_rng(SEED)
    for _ in range(REPLICATES // BLOCK):
        yield generator.multinomial(size, np.full(size, 1 / size), BLOCK).astype(np.float64)
