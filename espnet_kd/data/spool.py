"""Keep lists that are too long for memory on disk; they can be read any number of times."""

from __future__ import annotations

import contextlib
import heapq
import os
import pickle
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from espnet_kd.errors import DISK_FULL

Item = TypeVar("Item")

BLOCK = 256  # items pickled together; objects that they share are written once
RUN = 10_000  # items sorted in memory


def blocks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of `size` items; the last one may be shorter."""
    items = iter(items)
    while block := list(islice(items, size)):
        yield block


@contextlib.contextmanager
def naming_full_disk() -> Iterator[None]:
    """Let the error of a full disk name the directory for temporary files."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            directory = tempfile.gettempdir()
            raise OSError(error.errno, os.strerror(error.errno), directory) from None
        raise


class Spool(Collection[Item]):
    """A collection in an unnamed file in the system's directory for temporary files (TMPDIR).

    One block of items is in memory at a time. Each pass yields new objects that are equal to the
    items, not the items themselves.

    Args:
        items: anything that can be pickled.

    Raises:
        OSError: the disk is full; the error names the directory.
    """

    def __init__(self, items: Iterable[Item]):
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the spool is deleted)
        self._size = 0
        for block in blocks(items, BLOCK):
            self._put(block)
            self._size += len(block)
        self._end = self._file.tell()

    def _put(self, block: list[Item]) -> None:
        with naming_full_disk():
            pickle.dump(block, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()

    def __len__(self) -> int:
        return self._size

    def __contains__(self, item: object) -> bool:
        return any(item == other for other in self)

    def __iter__(self) -> Iterator[Item]:
        place = 0  # each pass has its own position, because several passes may run at once
        while place < self._end:
            self._file.seek(place)
            block = pickle.load(self._file)
            place = self._file.tell()
            yield from block


def sorted_spool(items: Iterable[Item], key: Callable[[Item], str]) -> Spool[Item]:
    """Return the items sorted by `key`; the sort is stable."""
    runs = [Spool(sorted(run, key=key)) for run in blocks(items, RUN)]
    return runs[0] if len(runs) == 1 else Spool(heapq.merge(*runs, key=key))
