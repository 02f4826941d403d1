"""The same function over many items in several processes."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from espnet_kd.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel_map(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    nj: int,
    title: str,
    chunk: int = 1,
) -> Iterator[Result]:
    """Yield `function(item)` in the order of `items`, showing progress unless one chunk is all.

    Args:
        function: a module-level function (it is sent to other processes).
        items: what to work on.
        nj: number of processes; 1 works in this one.
        title: name of the work for the progress line.
        chunk: items sent to a process at once; large for cheap functions.

    Raises:
        UserError: the first one `function` raises; work not yet begun is dropped.
    """
    if len(items) <= chunk:
        yield from map(function, items)
        return
    if nj <= 1:
        yield from progress(map(function, items), title, total=len(items))
        return
    with ProcessPoolExecutor(nj, initializer=die_with_parent) as pool:
        results = pool.map(function, items, chunksize=chunk)
        try:
            yield from progress(results, title, total=len(items))
        finally:
            pool.shutdown(cancel_futures=True)


def die_with_parent() -> None:
    """End this worker when the caller is killed; it would wait for tasks for ever."""

    def watch() -> None:
        multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
