"""CH0: a microphone near the mouth, connected to its own recorder."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from espnet_kd.corpora.mini_chime4.audio import rms
from espnet_kd.corpora.mini_chime4.speech import RATE


def close_talk(rng: np.random.Generator, image: np.ndarray, nearby: np.ndarray) -> np.ndarray:
    """Record the talker 1 to 10 ms late, with a clock that is 20 to 50 ppm off, and with noise.

    Args:
        rng: draws the delay, the clock drift and the SNR (12 to 18 dB).
        image: image of the talker near the mouth, shape (samples,).
        nearby: noise at the tablet, shape (samples,).

    Returns:
        Shape (samples,); the talker has RMS 1.
    """
    # Half of the noise differs from the tablet's, since the mouth is at another place.
    around = nearby + np.roll(nearby, RATE)
    muffled = sosfilt(butter(1, 3000, fs=RATE, output="sos"), around)
    snr = rng.uniform(12, 18)
    wave = image / rms(image) + muffled / rms(muffled) * 10 ** (-snr / 20)
    drift = 1 + rng.choice([-1, 1]) * rng.uniform(20e-6, 50e-6)
    places = np.arange(len(wave)) * drift - rng.uniform(0.001, 0.010) * RATE
    return _interpolate(wave, places)


def _interpolate(wave: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Interpolate a signal at fractional positions (cubic Lagrange); it is 0 outside its range."""
    padded = np.pad(wave, (2, 3))
    whole = np.floor(places).astype(int)
    t = (places - whole).astype(np.float32)
    base = np.clip(whole + 2, 1, len(padded) - 3)
    weights = (
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    )
    taken = sum(w * padded[base + k] for k, w in zip((-1, 0, 1, 2), weights, strict=True))
    inside = (places >= 0) & (places <= len(wave) - 1)
    return np.where(inside, taken, 0).astype(np.float32)
