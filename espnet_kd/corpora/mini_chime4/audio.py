"""16-bit wav files: write, read parts, convert."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from espnet_kd.corpora.mini_chime4.speech import RATE
from espnet_kd.data.audio import read_any_samples, write_samples

FULL_SCALE = 32768.0


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Convert samples with full scale 1 to 16-bit integers, rounded.

    Raises:
        ValueError: a sample exceeds full scale.
    """
    scaled = np.rint(np.asarray(samples, dtype=np.float64) * FULL_SCALE)
    if scaled.size and (scaled.max() > 32767 or scaled.min() < -32768):
        raise ValueError(f"peak {np.abs(samples).max():.2f} is above full scale")
    return scaled.astype(np.int16)


def write_channels(stem: Path, samples: np.ndarray, first: int, suffix: str = "") -> None:
    """Write int16 `samples` of shape (channels, samples) as `<stem>.CH<first..><suffix>.wav`."""
    for number, channel in enumerate(samples, first):
        write_samples(stem.with_name(f"{stem.name}.CH{number}{suffix}.wav"), channel)


def read_channels(stem: Path, channels: range, start: int, stop: int) -> np.ndarray:
    """Read samples [start, stop) of several channels: int16, shape (channels, samples)."""
    return np.stack(
        [
            read_any_samples(stem.with_name(f"{stem.name}.CH{number}.wav"), start, stop)
            for number in channels
        ]
    )


def samples_of(start: float, end: float) -> slice:
    """Convert annotated times in seconds to a range of samples, as CHiME-3 does."""
    return slice(round(start * RATE), round(end * RATE))


def rms(samples: np.ndarray) -> float:
    """Return the root mean square of all samples, which is never 0."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) + 1e-12
