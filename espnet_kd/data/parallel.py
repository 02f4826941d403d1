"""The same function over many items in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TypeVar

from espnet_kd.errors import UserError
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
    with ProcessPoolExecutor(nj) as pool:
        results = pool.map(partial(_outcome, function), items, chunksize=chunk)
        try:
            for result, problem in progress(results, title, total=len(items)):
                if problem is not None:
                    raise UserError(*problem)
                yield result
        finally:
            pool.shutdown(cancel_futures=True)


def _outcome(
    function: Callable[[Item], Result], item: Item
) -> tuple[Result | None, tuple[str, str] | None]:
    """Run `function`; a UserError travels as its parts because it cannot be pickled."""
    try:
        return function(item), None
    except UserError as error:
        where, _, problem = str(error).partition(": ")
        return None, (where, problem)
