"""Keep the samples of a long recording on disk instead of in memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import numpy as np

from espnet_kd.data.spool import naming_full_disk

BLOCK = 1 << 16  # frames


class SampleSpool:
    """Samples (N, C), float32, in an unnamed file in TMPDIR.

    Args:
        channels: number of channels C.
    """

    def __init__(self, channels: int):
        self.channels = channels
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the spool is deleted)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, samples: np.ndarray) -> None:
        """Add (n, C) at the end.

        Raises:
            OSError: the disk is full; names the directory.
        """
        self._file.seek(0, os.SEEK_END)
        with naming_full_disk():
            self._file.write(np.ascontiguousarray(samples, dtype=np.float32).tobytes())
            self._file.flush()
        self._size += len(samples)

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return samples [start, stop) as (n, C)."""
        frame = 4 * self.channels
        self._file.seek(start * frame)
        data = self._file.read((stop - start) * frame)
        return np.frombuffer(data, dtype=np.float32).reshape(-1, self.channels)

    def blocks(self, size: int = BLOCK) -> Iterator[np.ndarray]:
        """Yield all samples in order."""
        for start in range(0, self._size, size):
            yield self.read(start, min(self._size, start + size))
