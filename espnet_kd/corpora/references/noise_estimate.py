"""Estimate the noise of a real recording by subtracting the image of the close-talk signal.

This is the estimator of CHiME-3's simulation of dt05 and et05 (Barker et al. 2015, section 3;
details as in its published MATLAB tools). It reproduces the noise of that simulation up to
rounding, as far as 64-bit arithmetic agrees.
"""

from __future__ import annotations

import numpy as np

from espnet_kd.corpora.references.sine_stft import istft, stft

WINDOW = 256  # samples, half overlapping
TAPS = 12  # frames; their 11 hops of 8 ms span 88 ms
AHEAD = 3  # taps that look ahead, because the two recorders are not sample-locked
BLOCK = 4000  # average length of a block in samples (250 ms)
# Relative diagonal loading. Our interpretation: without it, the equations would be singular for
# digital silence at the close-talk microphone; this small amount changes nothing else.
_LOADING = 1e-12


def estimate_noise(tablet: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Subtract from each channel the best filtered version of the close-talk signal.

    In every bin of the STFT, a filter of 12 frames, three of them ahead, is fitted to each block by
    weighted least squares. All blocks hold the same number of coefficients above the median level
    of their bin, so blocks with silence are longer. Each block cross-fades into the next, from
    center to center, with sine-squared weights, both in the fit and in the result. The fit of a
    block uses nothing outside the block.

    Args:
        tablet: channels to clean of speech, (channels, samples).
        close: close-talk channel (CH0) for the same span, (samples,).

    Returns:
        Noise, float64, (channels, samples), in the unit of `tablet`.

    Raises:
        ValueError: the lengths differ.
    """
    if tablet.shape[1] != close.shape[0]:
        raise ValueError(f"{tablet.shape[1]} tablet samples, but {close.shape[0]} close-talk ones")
    reference = stft(close[None], WINDOW)[0]
    image = _image(stft(tablet, WINDOW), reference)
    return tablet - istft(image, tablet.shape[1])


def block_centers(reference: np.ndarray) -> np.ndarray:
    """Return the frames at which blocks have full weight: int, (blocks,), counted from 1.

    Args:
        reference: STFT of the close-talk signal, (bins, frames); the last bin is ignored.
    """
    level = np.abs(reference[:-1])
    strong = (level > np.median(level, axis=1, keepdims=True)).sum(axis=0)
    # On average, half of the coefficients are above the median; there is one per sample.
    blocks = max(int(strong.sum() / (BLOCK / 2) + 0.5), 1)
    share = strong.sum() / blocks
    frames = np.arange(1, len(strong) + 1)
    passed = np.cumsum(strong) - strong / 2 + 1e-6 * frames
    return np.floor(np.interp((np.arange(blocks) + 0.5) * share, passed, frames)).astype(int)


def _image(mixture: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Filter `reference` (bins, frames) to fit `mixture` (channels, bins, frames)."""
    image = np.zeros_like(mixture)
    for first, weights in _blocks(block_centers(reference), reference.shape[1]):
        block = slice(first, first + len(weights))
        taps = _delayed(reference[:, block])
        target = mixture[:, :, block].transpose(1, 2, 0)
        adjoint = (taps * weights[:, None]).conj().swapaxes(1, 2)
        covariance = adjoint @ taps
        load = _LOADING * np.trace(covariance, axis1=1, axis2=2).real + np.finfo(float).tiny
        covariance += load[:, None, None] * np.eye(TAPS)
        filters = np.linalg.solve(covariance, adjoint @ target)
        image[:, :, block] += (weights[:, None] * (taps @ filters)).transpose(2, 0, 1)
    return image


def _blocks(centers: np.ndarray, frames: int) -> list[tuple[int, np.ndarray]]:
    """Return first frame (from 0) and weights of each block; a frame's weights sum to 1."""
    edges = [0, *centers, frames]
    blocks = []
    for index in range(1, len(edges) - 1):
        before, center, after = edges[index - 1 : index + 2]
        rise, fall = _rising(center - before), 1 - _rising(after - center)
        if index == 1:
            rise = np.ones_like(rise)
        if index == len(centers):
            fall = np.ones_like(fall)
        blocks.append((before, np.concatenate([rise, fall])))
    return blocks


def _rising(frames: int) -> np.ndarray:
    return np.sin(np.pi / 2 * (np.arange(frames) + 0.5) / max(frames, 1)) ** 2


def _delayed(block: np.ndarray) -> np.ndarray:
    """Return (bins, frames, TAPS): `block` shifted by -3 to 8 frames, zero-padded."""
    frames = block.shape[1]
    padded = np.pad(block, ((0, 0), (TAPS - 1 - AHEAD, AHEAD)))
    starts = range(TAPS - 1, -1, -1)
    return np.stack([padded[:, start : start + frames] for start in starts], axis=2)
