"""Apply a function to many items in several processes."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from itertools import chain, islice
from typing import TypeVar

from espnet_kd.data.spool import blocks
from espnet_kd.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 8  # chunks per process that may be submitted before the caller has taken their results


def parallel_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    nj: int,
    title: str,
    chunk: int = 1,
) -> Iterator[Result]:
    """Yield `function(item)` in the order of `items`.

    Progress is shown if there is more than one chunk. Only a few chunks are in memory at a time.

    Args:
        function: a module-level function (it is sent to other processes).
        items: items to process.
        nj: number of processes; 1 runs everything in this process.
        title: name of the work for the progress line.
        chunk: number of items sent to a process at once; large for cheap functions.

    Raises:
        UserError: the first one `function` raises; work that has not started is dropped.
    """
    total = len(items) if isinstance(items, Sized) else None
    chunks = blocks(items, chunk)
    begin = [*islice(chunks, 2)]
    if len(begin) < 2:
        yield from map(function, chain(*begin))
        return
    chunks = chain(begin, chunks)
    if nj <= 1:
        yield from progress(map(function, chain.from_iterable(chunks)), title, total)
        return
    with ProcessPoolExecutor(nj, initializer=die_with_parent) as pool:
        try:
            yield from progress(_results(pool, function, chunks, AHEAD * nj), title, total)
        finally:
            pool.shutdown(cancel_futures=True)


def _results(
    pool: Executor,
    function: Callable[[Item], Result],
    chunks: Iterable[list[Item]],
    ahead: int,
) -> Iterator[Result]:
    waiting: deque[Future[list[Result]]] = deque()
    for chunk in chunks:
        waiting.append(pool.submit(_apply, function, chunk))
        if len(waiting) > ahead:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def _apply(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return [function(item) for item in chunk]


def die_with_parent() -> None:
    """End this worker when its parent is killed; otherwise it would wait for tasks forever."""

    def watch() -> None:
        multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
