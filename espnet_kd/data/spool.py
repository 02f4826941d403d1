"""Lists too long for memory: on disk, to go through as often as wanted."""

from __future__ import annotations

import heapq
import os
import pickle
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from espnet_kd.errors import DISK_FULL

Item = TypeVar("Item")

BLOCK = 256  # items written and read at once; what they share is written once
RUN = 10_000  # items sorted in memory


def blocks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items, the last one shorter."""
    items = iter(items)
    while block := list(islice(items, size)):
        yield block


class Spool(Collection[Item]):
    """Items in a file without a name among the system's temporary ones (TMPDIR).

    Memory holds one block of them. Equal items are given at each pass, not the same ones.

    Args:
        items: anything that can be pickled.

    Raises:
        OSError: a full disk, with the name of the directory.
    """

    def __init__(self, items: Iterable[Item]):
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the spool goes)
        self._size = 0
        for block in blocks(items, BLOCK):
            self._put(block)
            self._size += len(block)
        self._end = self._file.tell()

    def _put(self, block: list[Item]) -> None:
        try:
            pickle.dump(block, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()
        except OSError as error:
            if error.errno in DISK_FULL:
                directory = tempfile.gettempdir()
                raise OSError(error.errno, os.strerror(error.errno), directory) from None
            raise

    def __len__(self) -> int:
        return self._size

    def __contains__(self, item: object) -> bool:
        return any(item == other for other in self)

    def __iter__(self) -> Iterator[Item]:
        place = 0  # each pass has its own: several may be under way
        while place < self._end:
            self._file.seek(place)
            block = pickle.load(self._file)
            place = self._file.tell()
            yield from block


def sorted_spool(items: Iterable[Item], key: Callable[[Item], str]) -> Spool[Item]:
    """The items in the order of `key`; those with equal keys stay in theirs."""
    runs = [Spool(sorted(run, key=key)) for run in blocks(items, RUN)]
    return runs[0] if len(runs) == 1 else Spool(heapq.merge(*runs, key=key))
