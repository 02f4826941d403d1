"""Noise of a real recording: what is left when the close-talk signal's image is taken away."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

_WINDOW = 256
_HOP = 128
_TAPS = 12  # frames: 11 hops of 8 ms span 88 ms
_AHEAD = 3  # taps that look ahead: the two recorders are not sample-locked
_BLOCK = 31  # frames in 250 ms
_LOADING = 1e-6


def estimate_noise(tablet: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Subtract from each channel the best filtered version of the close-talk signal.

    The filter has 12 taps per bin of a 256-point STFT (88 ms) and is fitted by least squares anew
    for every 250-ms block, as in the simulation of CHiME-3's dt05/et05 (Barker et al. 2015). Our
    reading: sine windows with half overlap, three of the taps look ahead, and a block is
    fitted together with its two neighbours.

    Args:
        tablet: channels to clean of speech, shape (channels, samples).
        close: close-talk channel (CH0) of the same span, shape (samples,).

    Returns:
        Noise, float64, shape (channels, samples), in the unit of `tablet`.

    Raises:
        ValueError: the lengths differ.
    """
    if tablet.shape[1] != close.shape[0]:
        raise ValueError(f"{tablet.shape[1]} tablet samples, but {close.shape[0]} close-talk ones")
    mixture = _stft(np.asarray(tablet, dtype=np.float64))
    reference = _stft(np.asarray(close, dtype=np.float64)[None])[0]
    return _istft(mixture - _image(mixture, reference), tablet.shape[1])


def _image(mixture: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Filter `reference` (bins, frames) to fit `mixture` (channels, bins, frames)."""
    bins, frames = reference.shape
    blocks = -(-frames // _BLOCK)
    fill = blocks * _BLOCK - frames
    padded = np.pad(reference, ((0, 0), (_TAPS - 1 - _AHEAD, _AHEAD + fill)))
    taps = sliding_window_view(padded, _TAPS, axis=1).reshape(bins, blocks, _BLOCK, _TAPS)
    target = np.pad(mixture, ((0, 0), (0, 0), (0, fill))).transpose(1, 2, 0)
    target = target.reshape(bins, blocks, _BLOCK, -1)
    adjoint = taps.conj().swapaxes(2, 3)
    covariance = _with_neighbours(adjoint @ taps)
    correlation = _with_neighbours(adjoint @ target)
    load = _LOADING * np.trace(covariance, axis1=2, axis2=3).real + 1e-10
    covariance = covariance + load[..., None, None] * np.eye(_TAPS)
    image = taps @ np.linalg.solve(covariance, correlation)
    return image.reshape(bins, blocks * _BLOCK, -1)[:, :frames].transpose(2, 0, 1)


def _with_neighbours(statistics: np.ndarray) -> np.ndarray:
    total = statistics.copy()
    total[:, 1:] += statistics[:, :-1]
    total[:, :-1] += statistics[:, 1:]
    return total


def _sine() -> np.ndarray:
    return np.sin(np.pi * (np.arange(_WINDOW) + 0.5) / _WINDOW)


def _stft(wave: np.ndarray) -> np.ndarray:
    """Transform (channels, samples) to (channels, bins, frames)."""
    fill = -wave.shape[1] % _HOP
    padded = np.pad(wave, ((0, 0), (_HOP, _HOP + fill)))
    frames = sliding_window_view(padded, _WINDOW, axis=1)[:, ::_HOP]
    return np.fft.rfft(frames * _sine(), axis=2).swapaxes(1, 2)


def _istft(spectrum: np.ndarray, samples: int) -> np.ndarray:
    frames = np.fft.irfft(spectrum.swapaxes(1, 2), _WINDOW, axis=2) * _sine()
    halves = frames.reshape(*frames.shape[:2], 2, _HOP)
    # Sample k of a hop gets the second half of one frame and the first half of the next.
    inner = halves[:, :-1, 1] + halves[:, 1:, 0]
    return inner.reshape(len(spectrum), -1)[:, :samples]
