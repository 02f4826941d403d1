"""Noise of a real recording: what is left when the close-talk signal's image is taken away.

The estimator of CHiME-3's simulation of dt05 and et05 (Barker et al. 2015, section 3; details as in
its published MATLAB tools), so that its noise can be computed again: to rounding, as far as 64-bit
arithmetic agrees.
"""

from __future__ import annotations

import numpy as np

from espnet_kd.corpora.references.sine_stft import istft, stft

WINDOW = 256  # samples, half overlapping
TAPS = 12  # frames: 11 hops of 8 ms span 88 ms
AHEAD = 3  # taps that look ahead: the two recorders are not sample-locked
BLOCK = 4000  # samples that a block has on average, 250 ms
# Of the diagonal. Our reading: without any, digital silence at the close-talk microphone would
# leave no numbers; this much changes nothing else.
_LOADING = 1e-12


def estimate_noise(tablet: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Subtract from each channel the best filtered version of the close-talk signal.

    In every bin of the STFT a filter of 12 frames, three of them ahead, is fitted by weighted least
    squares for each block. Blocks hold equally many coefficients above the median level of their
    bin, so silence makes them longer. Each fades over into the next from center to center with
    sine-squared weights, in the fit as in the result, and knows nothing of what is outside of it.

    Args:
        tablet: channels to clean of speech, (channels, samples).
        close: close-talk channel (CH0) of the same span, (samples,).

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
    """Frames at which blocks have their full weight: int, (blocks,), counted from 1.

    Args:
        reference: STFT of the close-talk signal, (bins, frames); the last bin does not count.
    """
    level = np.abs(reference[:-1])
    strong = (level > np.median(level, axis=1, keepdims=True)).sum(axis=0)
    # On average half of the coefficients are above the median, and there is one for each sample.
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
    """First frame, from 0, and weights of each block; the weights of a frame add up to 1."""
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
    """(bins, frames) to (bins, frames, TAPS): 3 frames early to 8 late, zeros around."""
    frames = block.shape[1]
    padded = np.pad(block, ((0, 0), (TAPS - 1 - AHEAD, AHEAD)))
    starts = range(TAPS - 1, -1, -1)
    return np.stack([padded[:, start : start + frames] for start in starts], axis=2)
