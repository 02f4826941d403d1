"""Enhance samples with an ONNX file of `espnet-kd export-onnx`."""

from __future__ import annotations

import os

import numpy as np

from espnet_kd.streaming.onnx_streamer import OnnxStreamer


class OnnxBackend:
    """A causal student in onnxruntime, on one core; see `Backend`.

    Args:
        path: the file.

    Raises:
        UserError: the file cannot be run; see `OnnxStreamer`.
    """

    longest = 10**9  # it computes hop by hop

    def __init__(self, path: str | os.PathLike):
        self._streamer = OnnxStreamer(path)
        info = self._streamer.info
        self.sample_rate, self.hop, self.context = info.sample_rate, info.hop, info.context

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        """Enhance (T,); a signal shorter than the model's window is filled up with zeros."""
        missing = max(0, self._streamer.latency - len(samples))
        whole = np.pad(samples, (0, missing))[None]
        enhanced, state = self._streamer.step(whole, self._streamer.initial_state())
        rest = self._streamer.flush(state)
        return np.concatenate([enhanced, rest], axis=1)[0, : len(samples)]

    def streamer(self) -> OnnxStreamer:
        """Return the model as a stream; each file of this form can stream."""
        return self._streamer
