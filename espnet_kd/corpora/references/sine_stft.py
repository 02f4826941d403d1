"""STFT with half-overlapping sine windows, exact up to the ends of the signal."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def stft(wave: np.ndarray, window: int) -> np.ndarray:
    """Return the STFT of waves.

    The first window begins a quarter of its length before the signal. Where only one window covers
    a sample, its weight is 1, so the transform can be inverted exactly there too.

    Args:
        wave: (channels, samples).
        window: length in samples, a multiple of 4; the hop is half of it.

    Returns:
        complex128, (channels, window / 2 + 1, frames), with one frame per hop, even a partial one.
    """
    hop, edge = window // 2, window // 4
    fill = -wave.shape[1] % hop
    padded = np.pad(np.asarray(wave, dtype=np.float64), ((0, 0), (edge, edge + fill)))
    frames = sliding_window_view(padded, window, axis=1)[:, ::hop]
    return np.fft.rfft(frames * _weights(frames.shape[1], window), axis=2).swapaxes(1, 2)


def istft(spectrum: np.ndarray, samples: int) -> np.ndarray:
    """Return the inverse of `stft`.

    Args:
        spectrum: (channels, bins, frames).
        samples: length of the signal.

    Returns:
        float64, (channels, samples).
    """
    window = 2 * (spectrum.shape[1] - 1)
    hop, edge = window // 2, window // 4
    frames = np.fft.irfft(spectrum.swapaxes(1, 2), window, axis=2)
    frames *= _weights(frames.shape[1], window)
    halves = np.pad(frames.reshape(len(frames), -1, 2, hop), ((0, 0), (1, 1), (0, 0), (0, 0)))
    # Each hop is the sum of the second half of one frame and the first half of the next.
    wave = (halves[:, :-1, 1] + halves[:, 1:, 0]).reshape(len(frames), -1)
    return wave[:, edge : edge + samples]


def _weights(frames: int, window: int) -> np.ndarray:
    """Return (frames, window): sine windows, 1 where only the first or last one covers a sample."""
    sine = np.sin(np.pi * (np.arange(window) + 0.5) / window)
    weights = np.tile(sine, (frames, 1))
    weights[0, : window // 2] = 1.0
    weights[-1, window // 2 :] = 1.0
    return weights
