"""Waveforms as models take and give them: float, scaled as the 16-bit samples on disk."""

from __future__ import annotations

import math
import os

import numpy as np

from espnet_kd.data.audio import read_samples, write_samples
from espnet_kd.errors import UserError

# Samples are divided by this on reading (as ESPnet does) and multiplied on writing.
FULL_SCALE = 32768.0


def read_wave(path: str | os.PathLike, num_samples: int) -> np.ndarray:
    """Read a mixture.

    Args:
        path: audio file.
        num_samples: length it must have.

    Returns:
        Samples (T,), float32 in [-1, 1).

    Raises:
        UserError: another length, and all that `read_samples` finds.
    """
    wave = read_samples(path)
    if len(wave) != num_samples:
        raise UserError(
            path,
            f"has {len(wave)} samples, utt2num_samples says {num_samples}",
            "run the data stage again",
        )
    return (wave / FULL_SCALE).astype(np.float32)


def write_wave(path: str | os.PathLike, wave: np.ndarray) -> int:
    """Write samples (T,) as 16-bit wav, atomically; gives the number of clipped samples."""
    scaled = np.rint(np.asarray(wave, dtype=np.float64) * FULL_SCALE)
    samples = np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1)
    write_samples(path, samples.astype(np.int16))
    return int((samples != scaled).sum())


def level_dbfs(wave: np.ndarray) -> float:
    """Level of samples (T,) in dB relative to full scale (root mean square of 1); -inf for 0."""
    power = float(np.mean(np.square(wave, dtype=np.float64)))
    return 10 * math.log10(power) if power > 0 else -math.inf
