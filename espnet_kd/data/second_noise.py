"""Mix the clean speech of a mixture with a second noise, drawn from background recordings."""

from __future__ import annotations

import os
import zlib

import numpy as np

from espnet_kd.data.audio import num_samples, read_any_samples
from espnet_kd.data.waves import FULL_SCALE
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns

TRIALS = 10
SILENCE = 1 / 32768  # root mean square of one 16-bit step; anything below counts as silent


class NoiseMixer:
    """Mix clean speech with a second noise, at the signal-to-noise ratio of its mixture.

    x^2 = s + g n^2 with g such that g n^2 has the energy of n^1 = x^1 - s. Keeping the ratio, and
    drawing each recording with the same probability regardless of its length, is our
    interpretation.

    Args:
        noise_scp: file with lines `<id> <path>` of background recordings, 16-kHz 16-bit mono.
        fixed: the noise depends only on the utterance id, so that losses of different epochs are
            comparable; otherwise numpy's global generator draws it, as in ESPnet's preprocessors.

    Raises:
        UserError: the file is missing or empty.
    """

    def __init__(self, noise_scp: str | os.PathLike, fixed: bool = False):
        self.noise_scp = noise_scp
        self.fixed = fixed
        self.paths = list(read_columns(noise_scp).values())
        if not self.paths:
            raise UserError(noise_scp, "is empty", "list background recordings")

    def __call__(self, uid: str, mixture: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Make the second mixture.

        Args:
            uid: utterance id.
            mixture: x^1, (L,), floating point.
            reference: s, (L,), at its level in the mixture.

        Returns:
            x^2, (L,), with the dtype of `mixture`; not clipped.

        Raises:
            UserError: a recording cannot be read, or `TRIALS` segments in a row are silent.
        """
        seed = zlib.crc32(uid.encode()) if self.fixed else np.random.randint(2**31)
        noise = self._draw(np.random.default_rng(seed), len(mixture))
        first = mixture.astype(np.float64) - reference
        gain = np.sqrt(np.square(first).sum() / np.square(noise).sum())
        return (reference + gain * noise).astype(mixture.dtype)

    def _draw(self, generator: np.random.Generator, length: int) -> np.ndarray:
        for _ in range(TRIALS):
            path = self.paths[generator.integers(len(self.paths))]
            noise = read_stretch(path, length, generator)
            if np.sqrt(np.square(noise).mean()) >= SILENCE:
                return noise
        raise UserError(
            path,
            f"{TRIALS} random segments in a row are silent, the last one in this file",
            f"remove silent recordings from {self.noise_scp}",
        )


def read_stretch(
    path: str | os.PathLike, length: int, generator: np.random.Generator
) -> np.ndarray:
    """Read a randomly placed segment of a recording; a shorter recording is repeated.

    Args:
        path: recording, 16-kHz 16-bit mono.
        length: length of the segment in samples.
        generator: draws the start of the segment.

    Returns:
        (length,) float64 in [-1, 1).

    Raises:
        UserError: see `read_any_samples`.
    """
    total = num_samples(path)
    if total > length:
        start = int(generator.integers(total - length + 1))
        return read_any_samples(path, start, start + length) / FULL_SCALE
    samples = read_any_samples(path) / FULL_SCALE
    return np.resize(np.roll(samples, -generator.integers(total)), length)
