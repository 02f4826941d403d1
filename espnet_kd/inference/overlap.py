"""Read ahead and write behind while a model computes."""

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

    Threads read and write; `compute` runs in the caller's. At most `ahead` items are read or being
    read, and at most `ahead` wait to be written, or are being written, when the next is computed.

    Args:
        items: what to work on.
        read: runs in a thread.
        compute: may give what a GPU is still working on.
        write: runs in a thread.
        ahead: bound of what is held in memory.

    Raises:
        Exception: the first one of a function; what was computed before is still written.
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
