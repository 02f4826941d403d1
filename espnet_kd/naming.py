"""Name a few of many things in a message."""

from __future__ import annotations

from collections.abc import Sequence

MOST = 10


def first_few(names: Sequence[str]) -> str:
    """Return the first names, separated by spaces, and " ..." if there are more."""
    return " ".join(names[:MOST]) + (" ..." if len(names) > MOST else "")
