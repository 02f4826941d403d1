"""Speed perturbation on the fly: tempo and pitch change together, as with sox `speed`."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np

from espnet_kd.errors import UserError

LARGEST_TERM = 100  # of a factor as a ratio of integers; keeps the resampling kernel small


@lru_cache(maxsize=8)
def _ratio(factor: float) -> Fraction:
    ratio = Fraction(str(factor))
    if not 0.1 <= ratio <= 10 or max(ratio.numerator, ratio.denominator) > LARGEST_TERM:
        raise UserError(
            "speed_perturb_factors",
            f"factor {factor} is not a ratio of integers up to {LARGEST_TERM}, or not in 0.1 to 10",
            "use e.g. 0.9 1.0 1.1",
        )
    return ratio


def perturbed_length(n: int, factor: float) -> int:
    """Return the length that `perturb` turns n samples into: ceil(n / factor), always exact."""
    ratio = _ratio(factor)
    return -(-n * ratio.denominator // ratio.numerator)


def perturb(wave: np.ndarray, factor: float) -> np.ndarray:
    """Play a wave faster (factor > 1) or slower.

    Args:
        wave: (T,), floating point.
        factor: e.g. 0.9, 1.0, 1.1; a ratio of small integers.

    Returns:
        (perturbed_length(T, factor),), with the dtype of `wave`.
    """
    ratio = _ratio(factor)
    if ratio == 1:
        return wave
    import torch  # here: it takes seconds and 500 MB, and code that writes lists needs only lengths

    resampler = _resampler(ratio.numerator, ratio.denominator)
    with torch.no_grad():
        out = resampler(torch.from_numpy(np.ascontiguousarray(wave, dtype=np.float32))).numpy()
    # The resampler computes the length in float32, which is one sample off for very long waves.
    length = perturbed_length(len(wave), factor)
    return np.pad(out, (0, max(0, length - len(out))))[:length].astype(wave.dtype)


@lru_cache(maxsize=8)
def _resampler(numerator: int, denominator: int):
    from torchaudio.transforms import Resample

    return Resample(numerator, denominator)
