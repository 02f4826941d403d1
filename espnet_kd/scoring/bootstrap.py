"""How sure a mean or an error rate is, and whether two systems differ.

Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation",
ICASSP 2004: utterances are drawn with replacement, both systems on the same draw. A mean score is
the same statistic with a weight of 1 for each utterance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    denominator = np.asarray(denominator, dtype=np.float64)
    if numerator.ndim != 1 or numerator.shape != denominator.shape or not numerator.size:
        raise ValueError(f"shapes {numerator.shape} and {denominator.shape} are not (N,), N > 0")
    if not denominator.sum() > 0:
        raise ValueError("the denominator sums to 0")
    sums = np.concatenate(
        [draws @ np.stack([numerator, denominator], 1) for draws in _draws(numerator.size)]
    )
    sums = sums[sums[:, 1] > 0]
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(sums[:, 0] / sums[:, 1], [tail, 100 - tail])
    return Interval(float(numerator.sum() / denominator.sum()), float(low), float(high))


def _draws(size: int) -> Iterator[np.ndarray]:
    """How often each utterance is drawn (BLOCK, size), in blocks that bound the memory."""
    generator = np.random.default_rng(SEED)
    for _ in range(REPLICATES // BLOCK):
        yield generator.multinomial(size, np.full(size, 1 / size), BLOCK).astype(np.float64)
