"""Check whether a reference is what the simulation implies, channel by channel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft

from espnet_kd.data.audio import FULL_SCALE, SAMPLE_RATE

LEADING = 1600  # samples (100 ms) before the talker begins
MAX_LAG = 1600  # samples between the original and its image at a microphone
NOISE_WEIGHT = (0.5, 1.5)  # of the noise in the mixture; 1 if it is the right noise
MIN_CORRELATION = 0.3
ROUNDING = 4.0  # RMS in LSB that counts as silence
# Part of the noise that may be left; the values are our choice. A background is either the right
# one or a wrong one. An estimate can be off by any amount; scores tolerate a residual 20 dB below
# the noise.
NOISE_LEFT = {"background": 0.5, "estimate": 0.1}


@dataclass(frozen=True)
class Measures:
    """Measures of one reference. NaN: not measured because the original is missing.

    Attributes:
        offset: samples by which the noise is later than annotated.
        clipped: number of mixture samples at full scale, where the reference is inexact.
        noise_weight: weight of the noise in the mixture (regression on the subtracted noise).
        residual_db: level of the reference's first 100 ms relative to the noise subtracted there.
        limit_db: highest plausible `residual_db`: twice what the original explains, plus the part
            of the noise in `NOISE_LEFT`.
        correlation: largest normalized correlation with the original at any lag.
    """

    offset: int
    clipped: int
    noise_weight: float
    residual_db: float
    limit_db: float
    correlation: float

    def problem(self) -> str | None:
        """Return what is wrong, in words, or None if the reference passes."""
        low, high = NOISE_WEIGHT
        if not low <= self.noise_weight <= high:
            return f"the noise has weight {self.noise_weight} in the mixture, not {low} to {high}"
        if self.residual_db > self.limit_db:
            return (
                f"its first {1000 * LEADING // SAMPLE_RATE} ms are at {self.residual_db} dB re the "
                f"subtracted noise (at most {self.limit_db} is plausible)"
            )
        if self.correlation < MIN_CORRELATION:
            return (
                f"its correlation with the original is {self.correlation} "
                f"(at least {MIN_CORRELATION} is plausible)"
            )
        return None


def measure(
    mixture: np.ndarray,
    noise: np.ndarray,
    original: np.ndarray | None,
    method: str = "background",
    offset: int = 0,
) -> list[Measures]:
    """Measure the references `mixture - noise`.

    Args:
        mixture, noise: (channels, samples), 16-bit units.
        original: speech before simulation, (samples,), from `tr05_org` or the booth; None if it is
            missing.
        method: key of `NOISE_LEFT`.
        offset: see `Measures`.

    Returns:
        The measures of each channel.
    """
    mixture, noise = mixture.astype(np.float64), noise.astype(np.float64)
    clean = mixture - noise
    if original is None:
        correlations = np.full(len(clean), math.nan)
    else:
        correlations = _peak_correlations(clean, original)
    measures = []
    for x, n, s, correlation in zip(mixture, noise, clean, correlations, strict=True):
        limit = math.nan
        taken = max(_rms(n[:LEADING]), 1.0)
        if original is not None:
            explained = _rms(s) / max(_rms(original), 1.0) * _rms(original[:LEADING])
            limit = 2 * explained + NOISE_LEFT[method] * taken + ROUNDING
        measures.append(
            Measures(
                offset=offset,
                clipped=int(np.count_nonzero((x >= FULL_SCALE) | (x < -FULL_SCALE))),
                noise_weight=round(float(x @ n / max(n @ n, 1.0)), 3),
                residual_db=_decibels(_rms(s[:LEADING]) / taken),
                limit_db=_decibels(limit / taken),
                correlation=round(float(correlation), 3),
            )
        )
    return measures


def _decibels(ratio: float) -> float:
    return round(20 * math.log10(max(ratio, 1e-5)), 2) if not math.isnan(ratio) else math.nan


def _peak_correlations(clean: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Return (channels,): largest absolute normalized correlation within +-MAX_LAG samples."""
    size = fft.next_fast_len(clean.shape[1] + len(original), real=True)
    spectrum = (
        fft.rfft(clean.astype(np.float32), size)
        * fft.rfft(original.astype(np.float32), size).conj()
    )
    product = fft.irfft(spectrum, size)
    near = np.abs(np.concatenate([product[:, -MAX_LAG:], product[:, : MAX_LAG + 1]], axis=1))
    energy = (clean.astype(float) ** 2).sum(axis=1) * (original.astype(float) ** 2).sum()
    return near.max(axis=1) / np.sqrt(np.maximum(energy, 1.0))


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))
