"""Enhance a long signal in pieces that overlap and are faded into each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from espnet_kd.inference.files.backend import Backend

FADE = 0.5  # seconds in which one piece fades into the next
PIECE = 20.0  # seconds; less for a model that would need too much memory
SHORTEST = 1.0  # seconds
UNKNOWN_CONTEXT = 2.0  # seconds on either side for a model that would need the whole signal


@dataclass(frozen=True)
class Piece:
    """A piece of a signal: its own samples, and those that are read to enhance them.

    Attributes:
        start, stop: own samples; pieces follow one another without a gap.
        read_start, read_stop: samples that the model gets.
        fade: number of samples around `start` that are faded with the previous piece.
        fade_next: the same around `stop`.
    """

    start: int
    stop: int
    read_start: int
    read_stop: int
    fade: int
    fade_next: int


def piece_seconds(backend: Backend) -> float:
    """Return the length of the pieces in which a model enhances a long signal."""
    affordable = (backend.longest - 2 * _margin(backend)) / backend.sample_rate
    return max(SHORTEST, min(PIECE, affordable))


def _margin(backend: Backend) -> int:
    """Return the samples on either side of a piece: half a fade, and the context."""
    rate, context = backend.sample_rate, backend.context
    return math.ceil(FADE * rate / 2) + (
        math.ceil(UNKNOWN_CONTEXT * rate) if context is None else context
    )


def divide(total: int, seconds: float, backend: Backend) -> list[Piece]:
    """Divide a signal of `total` samples into pieces of equal length, of at most `seconds`.

    A signal that is not longer is one piece, without an approximation.
    """
    rate = backend.sample_rate
    count = max(1, math.ceil(total / (seconds * rate)))
    cuts = [total * index // count for index in range(count + 1)]
    half = min(math.ceil(FADE * rate), total // count) // 2
    margin = _margin(backend)
    pieces = []
    for start, stop in zip(cuts, cuts[1:], strict=False):
        first = max(0, start - margin) // backend.hop * backend.hop
        last = min(total, stop + margin)
        fades = 2 * half * (start > 0), 2 * half * (stop < total)
        pieces.append(Piece(start, stop, first, last, *fades))
    return pieces


def enhance_piece(
    piece: Piece, read: Callable[[int, int], np.ndarray], backend: Backend
) -> np.ndarray:
    """Enhance each channel of a piece.

    Args:
        piece: which piece.
        read: returns samples [start, stop) of the signal, (n, C).
        backend: the model.

    Returns:
        (n, C), float32: from half a fade before the piece to half a fade after it.
    """
    samples = read(piece.read_start, piece.read_stop)
    begin = piece.start - piece.fade // 2 - piece.read_start
    end = piece.stop + piece.fade_next // 2 - piece.read_start
    out = np.zeros((end - begin, samples.shape[1]), dtype=np.float32)
    for channel in range(samples.shape[1]):
        mixture = samples[:, channel].copy()
        if mixture.any():  # norms of silence divide by zero
            out[:, channel] = backend.enhance(mixture)[begin:end]
    return out


def faded(pieces: Iterator[tuple[Piece, np.ndarray]]) -> Iterator[np.ndarray]:
    """Join enhanced pieces, with linear fades; yield (n, C) without gaps or overlaps.

    Args:
        pieces: pieces in order with the result of `enhance_piece`.
    """
    tail = None
    for piece, samples in pieces:
        if tail is not None:
            rise = ((np.arange(piece.fade) + 0.5) / max(1, piece.fade)).astype(np.float32)[:, None]
            samples[: piece.fade] = tail + rise * (samples[: piece.fade] - tail)
        keep = len(samples) - piece.fade_next
        tail = samples[keep:]
        yield samples[:keep]
