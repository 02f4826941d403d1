"""Spectra and levels in NumPy, frame by frame, for tests of losses on spectra."""

from __future__ import annotations

import numpy as np

SPEECH_LEVEL = 0.05  # root mean square


def spectrum(signal: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    """Compute the spectrum (F, T) of centered frames of the reflected signal."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    padded = np.pad(signal, n_fft // 2, mode="reflect")
    starts = range(0, len(signal) + 1, hop)
    return np.array([np.fft.rfft(window * padded[s : s + n_fft]) for s in starts]).T


def at_speech_level(signal: np.ndarray) -> np.ndarray:
    return signal * SPEECH_LEVEL / np.sqrt(np.mean(signal**2))


def scaled_to(signal: np.ndarray, target: np.ndarray) -> np.ndarray:
    return signal * (signal @ target) / (signal @ signal)


def crossover(teacher: np.ndarray, min_bin: int = 0) -> int:
    """Return the bin after which the running maximum of one frame (F,) rises most."""
    rises, highest = [], 0.0
    for place, value in enumerate(np.abs(teacher)):
        if place:
            rises.append((max(highest, value) - highest) / (highest + 1e-8))
        highest = max(highest, value)
    return min_bin + int(np.argmax(rises[min_bin:]))


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return 1 - cos of complex vectors."""
    norms = [np.sqrt(np.sum(np.abs(vector) ** 2) + 1e-8) for vector in (one, other)]
    return 1 - np.sum(one * other.conj()).real / (norms[0] * norms[1] + 1e-8)
