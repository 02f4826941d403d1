"""Another noise for the clean speech of a mixture, drawn from background recordings."""

from __future__ import annotations

import os
import zlib

import numpy as np
import soundfile

from espnet_kd.data.audio import num_samples
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns

TRIALS = 10
SILENCE = 1 / 32768  # root mean square below one step of 16 bits


class NoiseMixer:
    """Mixes clean speech with a second noise, at the signal-to-noise ratio of its mixture.

    x^2 = s + g n^2 with g such that g n^2 has the energy of n^1 = x^1 - s. That the ratio stays,
    and that each recording is as likely as any other whatever its length, is our reading.

    Args:
        noise_scp: `<id> <path>` of background recordings, 16-kHz 16-bit mono.
        fixed: the noise depends on the utterance id alone, so that losses of different epochs
            compare; otherwise numpy's global generator draws it, as in ESPnet's preprocessors.

    Raises:
        UserError: the file is absent or empty.
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
            x^2, (L,), the dtype of `mixture`; not clipped.

        Raises:
            UserError: a recording cannot be read, or several stretches are silent.
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
            f"{TRIALS} stretches in a row are silent, the last one here",
            f"remove silent recordings from {self.noise_scp}",
        )


def read_stretch(
    path: str | os.PathLike, length: int, generator: np.random.Generator
) -> np.ndarray:
    """Read a stretch of a recording from a drawn place; a shorter recording is repeated.

    Args:
        path: 16-kHz 16-bit mono.
        length: samples.
        generator: draws the place.

    Returns:
        (length,) float64, -1 to 1.

    Raises:
        UserError: see `num_samples`.
    """
    total = num_samples(path)
    if total > length:
        start = generator.integers(total - length + 1)
        return soundfile.read(os.fspath(path), start=int(start), frames=length)[0]
    samples, _ = soundfile.read(os.fspath(path))
    return np.resize(np.roll(samples, -generator.integers(total)), length)
