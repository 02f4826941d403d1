"""Microphones that fail in real recordings, and the correlations that reveal them."""

from __future__ import annotations

import numpy as np

_FRAME = 800
WORKING = 0.8  # ESPnet keeps channels whose value in mic_error.csv is above this


def maybe_break(rng: np.random.Generator, samples: int) -> np.ndarray | None:
    """Draw the gains over time of six microphones, shape (6, samples); None if all of them work.

    In one of twelve utterances, one microphone records hardly anything or drops out.
    """
    if rng.random() > 1 / 12:
        return None
    gains = np.ones((6, samples), np.float32)
    channel = rng.integers(6)
    if rng.random() < 0.5:
        gains[channel] = 0.004
    else:
        edges = np.sort(rng.integers(0, samples, 8))
        for start, stop in edges.reshape(4, 2):
            gains[channel, start:stop] = 0.0
        gains[channel, samples // 3 : samples // 2] = 0.0
    return gains


def correlations(wave: np.ndarray) -> np.ndarray:
    """Measure how well each channel agrees with the others.

    The value is the correlation over time between a channel's level in decibels (50-ms frames,
    never below the level of 16-bit noise) and the median level of all channels. A microphone more
    than 20 dB weaker than the median gets 0. Our interpretation: CHiME-4 does not say how its
    values were measured.

    Args:
        wave: int16, shape (6, samples).

    Returns:
        Values of at most 1, shape (6,).
    """
    frames = wave[:, : wave.shape[1] // _FRAME * _FRAME].reshape(6, -1, _FRAME)
    power = np.mean(frames.astype(np.float64) ** 2, axis=2)
    level = 10 * np.log10(power + 1.0)
    middle = np.median(level, axis=0)
    spread = level - level.mean(axis=1, keepdims=True)
    centered = middle - middle.mean()
    scale = np.sqrt(np.sum(spread**2, axis=1) * np.sum(centered**2)) + 1e-9
    values = spread @ centered / scale
    weak = power.mean(axis=1) < 0.01 * np.median(power.mean(axis=1))
    return np.where(weak, 0.0, values)
