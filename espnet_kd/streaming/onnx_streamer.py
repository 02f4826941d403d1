"""Enhance a signal in chunks of any lengths with an ONNX file, without PyTorch and ESPnet."""

from __future__ import annotations

import os

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.streaming.onnx_hops import hops_of
from espnet_kd.streaming.onnx_session import open_model
from espnet_kd.streaming.state import StreamState


class OnnxStreamer:
    """Enhances signals while they arrive, as `Streamer` does with the PyTorch model.

        streamer = OnnxStreamer("student.onnx")
        state = streamer.initial_state()
        for chunk in chunks:                             # (1, L), L may change and may be 0
            enhanced, state = streamer.step(chunk, state)
        end = streamer.flush(state)

    `step` changes neither its arguments nor the streamer, so one streamer serves any number of
    signals in turn. It computes in the calling thread.

    Args:
        path: file of `espnet-kd export-onnx`.

    Attributes:
        info: what the file says about itself, e.g. its sampling rate.

    Raises:
        UserError: the file cannot be run; see `open_model`.
    """

    def __init__(self, path: str | os.PathLike):
        session, self.info = open_model(path)
        self._hops = hops_of(session, self.info)

    @property
    def latency(self) -> int:
        """Algorithmic latency in samples: sample n of the output needs n + latency of the input."""
        return self.info.latency

    @property
    def hop(self) -> int:
        """The output grows by this number of samples at a time."""
        return self.info.hop

    def initial_state(self) -> StreamState:
        """Return the state at the beginning of a signal."""
        nothing = np.zeros((1, 0), dtype=np.float32)
        caches = () if self.info.lead else self._hops.begin(nothing)
        return StreamState(nothing, caches, 0, -self.info.delay)

    def step(self, samples: np.ndarray, state: StreamState) -> tuple[np.ndarray, StreamState]:
        """Enhance the next samples.

        Args:
            samples: (1, L) float, any L >= 0.
            state: `initial_state` or what the previous step returned.

        Returns:
            (1, L') samples that are final now, float32, and the new state. L' is a multiple of
            `hop`.

        Raises:
            UserError: the samples have another shape, or are not finite.
        """
        check_samples(samples)
        lead, hop = self.info.lead, self.hop
        received = state.received + samples.shape[1]
        waiting = np.concatenate([state.pending, samples.astype(np.float32)], axis=1)
        caches = state.caches
        if state.received < lead <= received:
            caches, waiting = self._hops.begin(waiting[:, :lead].copy()), waiting[:, lead:]
        size = waiting.shape[1] // hop * hop if received >= lead else 0
        enhanced = np.empty((1, size), dtype=np.float32)
        for start in range(0, size, hop):
            now = slice(start, start + hop)
            enhanced[:, now], caches = self._hops.run(waiting[:, now], caches)
        rest = waiting[:, size:].copy()  # a view would keep the whole chunk in memory
        new = StreamState(rest, caches, received, state.returned + size)
        return enhanced[:, max(0, -state.returned) :], new

    def flush(self, state: StreamState) -> np.ndarray:
        """Return the rest of the output, (1, L'), so that it has as many samples as the input."""
        zeros = np.zeros((1, self._hops.missing(state.received)), dtype=np.float32)
        enhanced, after = self.step(zeros, state)
        if after.caches:
            enhanced = np.concatenate([enhanced, self._hops.rest(after.caches)], axis=1)
        missing = state.received - max(0, state.returned)
        enhanced = enhanced[:, :missing]
        return np.pad(enhanced, ((0, 0), (0, missing - enhanced.shape[1])))


def check_samples(samples: np.ndarray) -> None:
    """Reject samples that a stream cannot take: one NaN would spoil all that comes after it.

    Raises:
        UserError: the samples are not (1, L), not floating point, or not finite.
    """
    if samples.ndim != 2 or len(samples) != 1 or samples.dtype.kind != "f":
        problem = f"are {samples.shape}, {samples.dtype}"
        raise UserError("samples", problem, "give floating point, (1, any number)")
    if not np.isfinite(samples).all():
        raise UserError("samples", "have NaN or infinity", "replace them, e.g. by zeros")
