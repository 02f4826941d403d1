"""Show the progress of long work: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(
    items: Iterable[T],
    title: str,
    total: int | None = None,
    every: float = 15.0,
    audio: Callable[[T], float] | None = None,
) -> Iterator[T]:
    """Yield the items and show how many are done.

    Args:
        items: what to iterate over.
        title: name of the work.
        total: number of items; None: `len(items)`, or unknown if `items` has no length.
        every: seconds between two plain lines.
        audio: returns the seconds of audio in an item; None: no real-time factor is shown.
    """
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    bar = tqdm(items, desc=title, total=total, disable=not sys.stderr.isatty())
    of = f"/{total}" if total else ""
    last = start = time.monotonic()
    count, heard, factor = 0, 0.0, ""
    for item in bar:
        yield item
        count += 1
        now = time.monotonic()
        if audio is not None:
            heard += audio(item)
            factor = f", real-time factor {(now - start) / heard:.3f}"
            bar.set_postfix_str(factor.removeprefix(", "), refresh=False)
        if bar.disable and now - last >= every:
            last = now
            _print(f"{title}: {count}{of} ({now - start:.0f} s{factor})")
    if bar.disable:
        _print(f"{title}: {count} done ({time.monotonic() - start:.1f} s{factor})")


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
