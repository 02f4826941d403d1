"""Find audio files with the same samples: links, copies, and copies in another format."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import soundfile

from espnet_kd.data.decode import audio_source, decode
from espnet_kd.data.header import read_header
from espnet_kd.data.parallel import parallel_map

SEGMENT = 16000  # samples from the middle of a file, read to tell it from others
BLOCK = 1 << 20


def middle(path: str | os.PathLike) -> tuple[int, np.ndarray]:
    """Return the number of samples in a mono file, and up to `SEGMENT` samples in its middle.

    The samples are floating point, so they are the same in any lossless format.

    Raises:
        UserError: see `read_header` and `decode`.
    """
    header = read_header(path)
    start = max(0, (header.frames - SEGMENT) // 2)
    stop = min(header.frames, start + SEGMENT)
    return header.frames, decode(path, header, "float64", start, stop)[:, 0]


def fingerprint(path: str | os.PathLike) -> tuple[int, int]:
    """Return the number of samples and a checksum of those in the middle; see `middle`."""
    length, samples = middle(path)
    return length, zlib.crc32(np.ascontiguousarray(samples))


def same_samples(one: str | os.PathLike, other: str | os.PathLike) -> bool:
    """Return whether two files with equal fingerprints have the same samples everywhere."""
    if os.path.samefile(one, other):
        return True
    with _opened(one) as a, _opened(other) as b:
        return a.frames == b.frames and all(
            np.array_equal(a.read(BLOCK), b.read(BLOCK)) for _ in range(0, a.frames, BLOCK)
        )


@contextlib.contextmanager
def _opened(path: str | os.PathLike) -> Iterator[soundfile.SoundFile]:
    with audio_source(path, read_header(path)) as source, soundfile.SoundFile(source) as audio:
        yield audio


def same_audio(paths: Iterable[str], nj: int) -> Iterator[list[str]]:
    """Yield files with the same samples, at least two at a time, in the given order.

    Only files with equal fingerprints are read as a whole.

    Args:
        paths: mono audio files, each once.
        nj: number of processes.
    """
    paths = list(paths)
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    for path, print_ in zip(
        paths, parallel_map(fingerprint, paths, nj, "contents", chunk=256), strict=True
    ):
        found[print_].append(path)
    for alike in found.values():
        while len(alike) > 1:
            first, *others = alike
            same = [first, *(other for other in others if same_samples(first, other))]
            if len(same) > 1:
                yield same
            alike = [path for path in others if path not in same]
