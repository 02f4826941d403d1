"""Measure the peak memory of a piece of work, and its growth over repetitions."""

from __future__ import annotations

import ctypes
import gc
import re
from collections.abc import Callable
from pathlib import Path

import torch

PROCESS = Path("/proc/self")


def peak_megabytes(work: Callable[[], object], device: str) -> float | None:
    """Return the peak memory of a call beyond what is in use before it, in 10^6 bytes.

    On a GPU it is the memory of torch's allocator. On the CPU it is the resident memory of the
    process as Linux reports it, or None if the system does not report it.

    Args:
        work: function to call.
        device: device on which it works.
    """
    gc.collect()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    give_back()  # memory freed earlier must not count as in use
    try:
        (PROCESS / "clear_refs").write_text("5")  # reset the peak
    except OSError:
        return None
    before = _resident_bytes("VmRSS")
    work()
    return (_resident_bytes("VmHWM") - before) / 1e6


def growth_megabytes(work: Callable[[], object], first: int, last: int) -> float | None:
    """Return the resident memory gained between two repetitions of a call, in 10^6 bytes.

    Return None if the system does not report it.

    Args:
        work: function to call.
        first: repetitions before the first reading; one-time allocations are done by then.
        last: repetitions before the second reading.
    """
    if not (PROCESS / "status").exists():
        return None
    looks = []
    for number in range(1, last + 1):
        work()
        if number in (first, last):
            gc.collect()
            give_back()
            looks.append(_resident_bytes("VmRSS"))
    return (looks[1] - looks[0]) / 1e6


def give_back() -> None:
    """Return freed memory to the system, which counts it as the process's until then."""
    ctypes.CDLL(None).malloc_trim(0)


def _resident_bytes(field: str) -> int:
    status = (PROCESS / "status").read_text(encoding="utf-8")
    return 1024 * int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)[1])
