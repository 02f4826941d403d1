"""Enhance a recording as if it arrived live: chunk by chunk, with the latency of the model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from espnet_kd.inference.files.samples import SampleSpool
from espnet_kd.progress import progress

CHUNK = 0.016  # seconds that arrive at once, in full hops: a hop of GTCRN


class AnyStreamer(Protocol):
    """`OnnxStreamer`, or `TorchStreamer`, which takes arrays as well.

    Attributes:
        hop: the output grows by this number of samples at a time.
        latency: algorithmic latency in samples.
    """

    hop: int
    latency: int

    def initial_state(self) -> Any:
        """Return the state at the beginning of a signal."""
        ...

    def step(self, samples: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """Enhance the next samples (1, L); return (1, L') and the new state."""
        ...

    def flush(self, state: Any) -> np.ndarray:
        """Return the rest of the output, (1, L')."""
        ...


def streamed(mixture: SampleSpool, streamer: AnyStreamer, rate: int, title: str) -> Iterator:
    """Enhance each channel of a signal as a stream.

    Args:
        mixture: the signal, (N, C).
        streamer: the model; each channel has a state of its own.
        rate: sampling rate in Hz.
        title: what to call the work in its progress.

    Yields:
        Blocks (n, C), float32, N samples in total.
    """
    size = max(1, math.ceil(CHUNK * rate / streamer.hop)) * streamer.hop
    states = [streamer.initial_state() for _ in range(mixture.channels)]
    starts = range(0, len(mixture), size)
    for start in progress(starts, title, audio=lambda _: size / rate):
        chunk = mixture.read(start, min(start + size, len(mixture)))
        outputs = []
        for channel, state in enumerate(states):
            output, states[channel] = streamer.step(chunk[:, channel][None].copy(), state)
            outputs.append(output[0])
        yield np.stack(outputs, axis=1)
    yield np.stack([streamer.flush(state)[0] for state in states], axis=1)
