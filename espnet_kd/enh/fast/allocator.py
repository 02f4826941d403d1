"""Keep the memory that a model on a CPU frees and requests again at each step.

Only the time of a step changes, no result. `set_execution` uses it for every model on a CPU,
compiled or not, in any precision. tests/enh/fast/test_allocator.py checks that freed memory is
reused; tests/enh/fast/test_execution.py checks that it is used on a CPU and not on a GPU.
"""

from __future__ import annotations

import ctypes

# Parameters of glibc's malloc.h and their values: return no memory to the system, and never give a
# block a memory mapping of its own.
M_TRIM_THRESHOLD, NEVER = -1, -1
M_MMAP_MAX, NONE = -4, 0


def keep_freed_memory() -> bool:
    """Make glibc keep the memory that this process frees, to reuse it.

    By default, glibc returns large blocks to the system, which clears them page by page when they
    are requested again. That takes a tenth of a step's time with 4 s of audio, and a third or more
    with 20 s, where single tensors exceed 32 MB.

    Returns:
        Whether the C library has these settings and accepts them.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(M_TRIM_THRESHOLD, NEVER) and mallopt(M_MMAP_MAX, NONE))
