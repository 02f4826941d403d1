"""Read and write waveforms as models use them: float, scaled like the 16-bit samples on disk."""

from __future__ import annotations

import math
import os

import numpy as np

from espnet_kd.data.audio import read_samples, write_samples
from espnet_kd.errors import UserError

# Samples are divided by this on reading (as in ESPnet) and multiplied by it on writing.
FULL_SCALE = 32768.0


def read_wave(path: str | os.PathLike, num_samples: int) -> np.ndarray:
    """Read a mixture.

    Args:
        path: audio file.
        num_samples: expected length.

    Returns:
        Samples (T,), float32 in [-1, 1).

    Raises:
        UserError: the length differs; see `read_samples`.
    """
    wave = read_samples(path)
    if len(wave) != num_samples:
        raise UserError(
            path,
            f"has {len(wave)} samples, but utt2num_samples says {num_samples}",
            "run the data stage again",
        )
    return (wave / FULL_SCALE).astype(np.float32)


def write_wave(path: str | os.PathLike, wave: np.ndarray) -> int:
    """Write samples (T,) as 16-bit wav, atomically; return the number of clipped samples."""
    scaled = np.rint(np.asarray(wave, dtype=np.float64) * FULL_SCALE)
    samples = np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1)
    write_samples(path, samples.astype(np.int16))
    return int((samples != scaled).sum())


def level_dbfs(wave: np.ndarray) -> float:
    """Return the level of samples (T,) in dB relative to an RMS of 1; -inf for silence."""
    power = float(np.mean(np.square(wave, dtype=np.float64)))
    return 10 * math.log10(power) if power > 0 else -math.inf
