"""Progress of long work: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(
    items: Iterable[T], title: str, total: int | None = None, every: float = 15.0
) -> Iterator[T]:
    """Pass `items` on and show how far it is.

    Args:
        items: what to go through.
        title: name of the work.
        total: number of items; `len(items)` if it has one.
        every: seconds between two plain lines.
    """
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    if sys.stderr.isatty():
        yield from tqdm(items, desc=title, total=total)
        return
    last = start = time.monotonic()
    count = 0
    for item in items:
        yield item
        count += 1
        now = time.monotonic()
        if now - last >= every:
            last = now
            of = f"/{total}" if total else ""
            print(f"{title}: {count}{of} ({now - start:.0f} s)", file=sys.stderr, flush=True)
    seconds = time.monotonic() - start
    print(f"{title}: {count} done ({seconds:.1f} s)", file=sys.stderr, flush=True)
