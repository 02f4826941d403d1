"""Read and write in other threads while a model computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Computed = TypeVar("Computed")
Result = TypeVar("Result")

AHEAD = 2
THREADS = 2


def overlapped(
    items: Iterable[Item],
    read: Callable[[Item], Loaded],
    compute: Callable[[Loaded], Computed],
    write: Callable[[Item, Computed], Result],
    ahead: int = AHEAD,
) -> Iterator[Result]:
    """Yield `write(item, compute(read(item)))` in the order of `items`.

    Other threads read and write; `compute` runs in the caller's thread. While an item is computed,
    at most `ahead` items have been read or are being read, and at most `ahead` are waiting to be
    written or being written.

    Args:
        items: items to process.
        read: runs in another thread.
        compute: runs in the caller's thread; its result may still be in progress on a GPU.
        write: runs in another thread.
        ahead: limit on the number of items in memory, see above.

    Raises:
        Exception: the first one that a function raises; items computed before it are still written.
    """
    rest = iter(items)
    reading: deque[tuple[Item, Future[Loaded]]] = deque()
    writing: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(THREADS) as writers, ThreadPoolExecutor(THREADS) as readers:
        reading.extend((item, readers.submit(read, item)) for item in islice(rest, ahead))
        while reading:
            item, future = reading.popleft()
            loaded = future.result()
            reading.extend((item, readers.submit(read, item)) for item in islice(rest, 1))
            writing.append(writers.submit(write, item, compute(loaded)))
            if len(writing) > ahead:
                yield writing.popleft().result()
        while writing:
            yield writing.popleft().result()
