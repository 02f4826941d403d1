"""Simulated mixtures: speech plus noise, rounded to 16 bits."""

from __future__ import annotations

import numpy as np

from espnet_kd.corpora.mini_chime4.audio import FULL_SCALE, rms

SNR_RANGE = (-2.0, 15.0)
_LIMIT = 32700


def mix(speech: np.ndarray, noise: np.ndarray, snr: float) -> tuple[np.ndarray, np.ndarray]:
    """Add speech to noise; only the speech is scaled.

    Args:
        speech: shape (channels, samples), of any level.
        noise: in units of 16-bit samples, shape (channels, samples).
        snr: decibels over all channels, limited to `SNR_RANGE`; lowered if the sum would clip.

    Returns:
        The mixture and the speech in it, int16, shape (channels, samples), each rounded separately.
        Their difference equals `noise` exactly if `noise` holds integers, else to within 1.
    """
    ratio = 10 ** (np.clip(snr, *SNR_RANGE) / 20)
    gain = ratio * rms(noise) / rms(speech)
    while True:
        scaled = speech * np.float64(gain)
        clean, mixture = np.rint(scaled), np.rint(scaled + noise)
        peak = max(np.abs(mixture).max(), np.abs(clean).max())
        if peak <= _LIMIT:
            return mixture.astype(np.int16), clean.astype(np.int16)
        gain *= 0.9


def level(wave: np.ndarray) -> float:
    """Return the power of samples in decibels relative to full scale."""
    return 20 * np.log10(rms(wave) / FULL_SCALE)
