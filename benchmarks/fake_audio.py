"""Make many recordings from few files by hard links, for work that reads headers only."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from espnet_kd.data.audio import SAMPLE_RATE, write_samples

KINDS = 100  # different files; a file system allows some ten thousand links to each


def samples_of(index: int) -> int:
    """Return the number of samples of a recording, 1 to 7 s."""
    return SAMPLE_RATE + 1000 * (index % KINDS)


class Recordings:
    """Quiet wav files, linked to wherever a recording is needed.

    Args:
        folder: folder for the linked files, on the same file system as the links.
    """

    def __init__(self, folder: Path):
        self._files = [folder / f"{kind}.wav" for kind in range(KINDS)]
        self._made: set[Path] = set()
        for kind, file in enumerate(self._files):
            write_samples(file, (np.arange(samples_of(kind)) % 2).astype(np.int16))

    def file(self, index: int) -> Path:
        """Return the file that recordings of `samples_of(index)` samples are links to."""
        return self._files[index % KINDS]

    def put(self, path: Path, index: int) -> None:
        """Put a recording of `samples_of(index)` samples at `path`."""
        self.link(self.file(index), path)

    def link(self, file: Path, path: Path) -> None:
        """Put a link to any file at `path`; create the folder if needed."""
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        os.link(file, path)
