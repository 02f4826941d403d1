"""Resample a long signal piece by piece; the result is that of resampling it as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

HALF_TAPS = 10  # on either side, in samples of the lower rate; as scipy.signal.resample_poly
BETA = 5.0  # of the Kaiser window; as there
PIECE = 1.0  # seconds that are computed at once


def resampled(blocks: Iterable[np.ndarray], rate: int, new_rate: int) -> Iterator[np.ndarray]:
    """Resample with the polyphase filter of `scipy.signal.resample_poly`, as the data stages do.

    Args:
        blocks: pieces (n, C) of the signal, float32, of any lengths.
        rate: their rate in Hz.
        new_rate: the rate to convert to, in Hz.

    Yields:
        Pieces (m, C) of the result, float32; ceil(N * new_rate / rate) samples in total.
    """
    if rate == new_rate:
        yield from blocks
        return
    up, down = new_rate // math.gcd(rate, new_rate), rate // math.gcd(rate, new_rate)
    # A sample of the result reads HALF_TAPS samples of the lower rate on either side. The start of
    # the buffer stays a multiple of `down`, where samples of both rates fall together.
    context = -(-HALF_TAPS * max(up, down) // (up * down)) * down
    piece = -(-math.ceil(PIECE * rate) // down) * down
    waiting: list[np.ndarray] = []
    read = start = done = 0  # samples read, first sample of the buffer, samples written
    for block in blocks:
        waiting.append(block)
        read += len(block)
        if read - start < piece + 2 * context:
            continue
        buffer = np.concatenate(waiting)
        end = (read - context) // down * up
        yield _filtered(buffer, up, down)[done - start // down * up : end - start // down * up]
        done = end
        kept = max(start, end // up * down - context)
        waiting, start = [buffer[kept - start :].copy()], kept
    if read:
        first = start // down * up
        end = -(-read * up // down)
        yield _filtered(np.concatenate(waiting), up, down)[done - first : end - first]


def _filtered(signal: np.ndarray, up: int, down: int) -> np.ndarray:
    from scipy.signal import resample_poly  # slow to import, rarely needed

    return resample_poly(signal, up, down, axis=0, window=_taps(max(up, down)))


@lru_cache(maxsize=2)
def _taps(factor: int) -> np.ndarray:
    from scipy.signal import firwin

    taps = firwin(2 * HALF_TAPS * factor + 1, 1 / factor, window=("kaiser", BETA))
    return taps.astype(np.float32)
