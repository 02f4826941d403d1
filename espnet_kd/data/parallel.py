"""Apply a function to many items in several processes."""

from __future__ import annotations

import textwrap
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import TypeVar

from espnet_kd.data.spool import blocks
from espnet_kd.data.workers import AHEAD, Death, die_with_parent, guarded_map
from espnet_kd.errors import UserError
from espnet_kd.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    nj: int,
    title: str,
    chunk: int = 1,
    lost: Callable[[Item, Death], Result] | None = None,
) -> Iterator[Result]:
    """Yield `function(item)` in the order of `items`.

    Progress is shown if there is more than one chunk. Only a few chunks are in memory at a time. If
    a process dies, the items that it had not finished are processed again, one at a time.

    Args:
        function: a module-level function (it is sent to other processes).
        items: items to process.
        nj: number of processes; 1 runs everything in this process, unless `lost` is given.
        title: name of the work for the progress line.
        chunk: number of items sent to a process at once; large for cheap functions.
        lost: returns the result of an item in whose native code a process died. With it, all work
            is done in other processes, one item at a time.

    Raises:
        UserError: the first one `function` raises, or a process died and there is no `lost`, or it
            was killed from outside; work that has not started is dropped.
    """
    total = len(items) if isinstance(items, Sized) else None
    if lost is not None:
        guarded = _guarded(function, items, max(nj, 1), title, lost)
        yield from guarded if total == 1 else progress(guarded, title, total)
        return
    chunks = blocks(items, chunk)
    begin = [*islice(chunks, 2)]
    if len(begin) < 2:
        yield from map(function, chain(*begin))
        return
    chunks = chain(begin, chunks)
    if nj <= 1:
        yield from progress(map(function, chain.from_iterable(chunks)), title, total)
        return
    yield from progress(_pooled(function, chunks, nj, title), title, total)


def _pooled(
    function: Callable[[Item], Result], chunks: Iterator[list[Item]], nj: int, title: str
) -> Iterator[Result]:
    waiting: deque[list[Item]] = deque()
    futures: deque[Future[list[Result]]] = deque()

    def first() -> list[Result]:
        results = futures[0].result()
        futures.popleft()
        waiting.popleft()
        return results

    try:
        with ProcessPoolExecutor(nj, initializer=die_with_parent) as pool:
            try:
                for chunk in chunks:
                    waiting.append(chunk)
                    futures.append(pool.submit(_apply, function, chunk))
                    if len(waiting) > AHEAD * nj:
                        yield from first()
                while waiting:
                    yield from first()
            finally:
                pool.shutdown(cancel_futures=True)
    except BrokenProcessPool:
        yield from _guarded(function, chain.from_iterable(chain(waiting, chunks)), nj, title)


def _guarded(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    nj: int,
    title: str,
    lost: Callable[[Item, Death], Result] | None = None,
) -> Iterator[Result]:
    for item, result in guarded_map(function, items, nj):
        if not isinstance(result, Death):
            yield result
        elif lost is not None and not result.from_outside:
            yield lost(item, result)
        else:
            name = textwrap.shorten(str(item), 300, placeholder="...")
            fix = "check its files"
            if result.from_outside:
                fix = "if memory ran out, use fewer jobs (--nj), and run again"
            raise UserError(title, f"a process died ({result}) while it worked on '{name}'", fix)


def _apply(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return [function(item) for item in chunk]
