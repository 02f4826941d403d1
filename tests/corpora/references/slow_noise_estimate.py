"""A slow version of CHiME-3's noise estimate that shares no code with the package."""

from __future__ import annotations

import numpy as np

WINDOW = 256
HOP = 128
DELAYS = range(-3, 9)


def slow_noise(tablet: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Return the noise (channels, samples), by explicit weighted least-squares problems."""
    reference = transform(close)
    frames = reference.shape[1]
    centers = block_centers(reference)
    noise = []
    for channel in tablet:
        spectrum = transform(channel)
        image = np.zeros_like(spectrum)
        for k in range(len(centers)):
            first = centers[k - 1] + 1 if k > 0 else 1
            last = centers[k + 1] if k + 1 < len(centers) else frames
            span = range(first, last + 1)
            weights = np.array([weight(frame, k, centers) for frame in span])
            for f in range(129):
                known = np.array(
                    [
                        [reference[f, t - d - 1] if t - d in span else 0 for d in DELAYS]
                        for t in span
                    ]
                )
                root = np.sqrt(weights)
                target = spectrum[f, first - 1 : last]
                filter_, *_ = np.linalg.lstsq(root[:, None] * known, root * target, rcond=None)
                image[f, first - 1 : last] += weights * (known @ filter_)
        noise.append(channel - back(image, len(channel)))
    return np.array(noise)


def weight(frame: int, k: int, centers: list[int]) -> float:
    """Return the weight of block k at a frame counted from 1."""
    if frame <= centers[k]:
        if k == 0:
            return 1.0
        length = centers[k] - centers[k - 1]
        return float(np.sin(np.pi / 2 * (frame - centers[k - 1] - 0.5) / length) ** 2)
    if k == len(centers) - 1:
        return 1.0
    length = centers[k + 1] - centers[k]
    return float(np.cos(np.pi / 2 * (frame - centers[k] - 0.5) / length) ** 2)


def block_centers(reference: np.ndarray) -> list[int]:
    """Return the frames (from 1) where the count of strong coefficients passes a block's middle."""
    counts = []
    medians = [np.median(np.abs(row)) for row in reference[:128]]
    for column in reference[:128].T:
        counts.append(sum(abs(value) > m for value, m in zip(column, medians, strict=True)))
    blocks = round(sum(counts) / 2000)
    centers = []
    for k in range(blocks):
        wanted = (k + 0.5) * sum(counts) / blocks
        passed, previous, position = 0.0, 0.0, None
        for frame, count in enumerate(counts, 1):
            middle = passed + count / 2 + 1e-6 * frame
            if middle > wanted and position is None:
                position = frame - (middle - wanted) / (middle - previous)
            previous = middle
            passed += count
        centers.append(int(np.floor(position)))
    return centers


def coverage(frames: int) -> np.ndarray:
    total = np.zeros((frames + 1) * HOP)
    for t in range(frames):
        total[t * HOP : t * HOP + WINDOW] += sine() ** 2
    return total


def sine() -> np.ndarray:
    return np.array([np.sin((n + 0.5) / WINDOW * np.pi) for n in range(WINDOW)])


def transform(wave: np.ndarray) -> np.ndarray:
    frames = int(np.ceil(len(wave) / HOP))
    padded = np.zeros((frames + 1) * HOP)
    padded[64 : 64 + len(wave)] = wave
    padded /= np.sqrt(coverage(frames))
    pieces = [np.fft.fft(padded[t * HOP : t * HOP + WINDOW] * sine()) for t in range(frames)]
    return np.array(pieces).T[:129]


def back(spectrum: np.ndarray, samples: int) -> np.ndarray:
    frames = spectrum.shape[1]
    wave = np.zeros((frames + 1) * HOP)
    for t in range(frames):
        half = spectrum[:, t]
        whole = np.concatenate([half, half[127:0:-1].conj()])
        wave[t * HOP : t * HOP + WINDOW] += np.fft.ifft(whole).real * sine()
    return (wave / np.sqrt(coverage(frames)))[64 : 64 + samples]
