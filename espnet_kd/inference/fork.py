"""Share work between forked processes, so that a loaded model is not loaded or sent again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch

from espnet_kd.data.parallel import parallel_map

T = TypeVar("T")
R = TypeVar("R")

# Set before the fork, so that children inherit the function with the model in its closure.
_function: Callable[[Any], Any] | None = None
_parent = os.getpid()


def _call(item: Any) -> Any:
    assert _function is not None
    if os.getpid() != _parent:
        # Each process has one core, and a thread pool does not survive a fork.
        torch.set_num_threads(1)
    return _function(item)


def fork_map(function: Callable[[T], R], items: Sequence[T], nj: int, title: str) -> Iterator[R]:
    """Yield `function(item)` in the order of `items`, showing progress.

    Args:
        function: function to call; it may hold a model, because only items and results are pickled.
        items: items to process.
        nj: number of processes; 1 runs in this process (needed for a model on a GPU).
        title: name of the work for the progress display.
    """
    global _function
    _function = function
    try:
        yield from parallel_map(_call, items, nj, title)
    finally:
        _function = None
