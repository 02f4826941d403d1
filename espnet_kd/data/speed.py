"""Speed perturbation on the fly: tempo and pitch change together, as sox `speed` does."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np

from espnet_kd.errors import UserError

LARGEST_TERM = 100  # factors are ratios of small whole numbers: the resampler's kernel stays small


@lru_cache(maxsize=8)
def _ratio(factor: float) -> Fraction:
    ratio = Fraction(str(factor))
    if not 0.1 <= ratio <= 10 or max(ratio.numerator, ratio.denominator) > LARGEST_TERM:
        raise UserError(
            "speed_perturb_factors",
            f"factor {factor} is no ratio of whole numbers up to {LARGEST_TERM}",
            "use 0.9 1.0 1.1 or the like",
        )
    return ratio


def perturbed_length(n: int, factor: float) -> int:
    """Samples that `perturb` makes of n: ceil(n / factor), exact for any length."""
    ratio = _ratio(factor)
    return -(-n * ratio.denominator // ratio.numerator)


def perturb(wave: np.ndarray, factor: float) -> np.ndarray:
    """Play a wave faster (factor > 1) or slower.

    Args:
        wave: (T,), floating point.
        factor: 0.9, 1.0, 1.1 ...: a ratio of small whole numbers.

    Returns:
        (perturbed_length(T, factor),), the dtype of `wave`.
    """
    ratio = _ratio(factor)
    if ratio == 1:
        return wave
    import torch  # here, for it takes seconds and 500 MB, and lists need lengths alone

    resampler = _resampler(ratio.numerator, ratio.denominator)
    with torch.no_grad():
        out = resampler(torch.from_numpy(np.ascontiguousarray(wave, dtype=np.float32))).numpy()
    # The resampler computes its length in float32, one sample off for very long waves.
    length = perturbed_length(len(wave), factor)
    return np.pad(out, (0, max(0, length - len(out))))[:length].astype(wave.dtype)


@lru_cache(maxsize=8)
def _resampler(numerator: int, denominator: int):
    from torchaudio.transforms import Resample

    return Resample(numerator, denominator)
