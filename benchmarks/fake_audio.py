"""Many recordings of few files: hard links, for work that reads headers and no samples."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from espnet_kd.data.audio import SAMPLE_RATE, write_samples

KINDS = 100  # different files; a file system allows some ten thousand links of each


def samples_of(index: int) -> int:
    """Length of a recording, 1 to 7 s."""
    return SAMPLE_RATE + 1000 * (index % KINDS)


class Recordings:
    """Silent wav files.

    Args:
        folder: for the files that are linked; on the file system of the links.
    """

    def __init__(self, folder: Path):
        self._files = [folder / f"{kind}.wav" for kind in range(KINDS)]
        self._made: set[Path] = set()
        for kind, file in enumerate(self._files):
            write_samples(file, np.zeros(samples_of(kind), np.int16))

    def put(self, path: Path, index: int) -> None:
        """Link a recording of `samples_of(index)` samples to `path`."""
        self.link(self._files[index % KINDS], path)

    def link(self, file: Path, path: Path) -> None:
        """Link any file, in a folder that is made if need be."""
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        os.link(file, path)
