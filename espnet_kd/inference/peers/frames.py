"""Frame-by-frame processing, aligned so that the output has no delay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def overlap_add(
    samples: np.ndarray, size: int, hop: int, process: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Process overlapping frames in order and add them up.

    The first frame ends with the first `hop` samples of the signal, as in a stream.

    Args:
        samples: (T,).
        size: length of a frame.
        hop: samples from one frame to the next.
        process: gets and returns (size,).

    Returns:
        (T,): sample n is the sum of the frames that hold sample n.
    """
    lead = size - hop
    count = -(-(len(samples) + lead) // hop)  # the last sample needs later frames, too
    padded = np.zeros(lead + count * hop, dtype=np.float32)
    padded[lead : lead + len(samples)] = samples
    total = np.zeros_like(padded)
    for start in range(0, count * hop, hop):
        total[start : start + size] += process(padded[start : start + size])
    return total[lead : lead + len(samples)]


def with_delay(
    samples: np.ndarray, hop: int, delay: int, process: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Process blocks in order by a function whose output comes late, and take the delay out.

    Args:
        samples: (T,).
        hop: length of a block.
        delay: samples by which the output is late.
        process: gets and returns (hop,), float32.

    Returns:
        (T,).
    """
    count = -(-(len(samples) + delay) // hop)
    padded = np.zeros(count * hop, dtype=np.float32)
    padded[: len(samples)] = samples
    blocks = [process(padded[start : start + hop]) for start in range(0, count * hop, hop)]
    return np.concatenate(blocks)[delay : delay + len(samples)]
