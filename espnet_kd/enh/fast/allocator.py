"""Memory that is freed and asked for again at each step of a model on a CPU."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h, with what is set: nothing is given back, no block has a mapping of its own.
M_TRIM_THRESHOLD, NEVER = -1, -1
M_MMAP_MAX, NONE = -4, 0


def keep_freed_memory() -> bool:
    """Have glibc keep what this process frees, for what it needs next.

    It gives large blocks back to the system, which clears them page by page when they are asked for
    again: a tenth of a step's time at 4 s of audio, a third and more at 20 s, where single tensors
    pass 32 MB.

    Returns:
        Whether the C library has such a setting.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(M_TRIM_THRESHOLD, NEVER) and mallopt(M_MMAP_MAX, NONE))
