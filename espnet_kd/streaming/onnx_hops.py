"""One hop of an ONNX model as a function of NumPy arrays: samples and caches to the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from espnet_kd.streaming.onnx_info import WAVE, OnnxInfo

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Caches = tuple[np.ndarray, ...]


class Graph:
    """The graph itself: the present input and caches to the output and the next caches.

    Args:
        session: the opened file.
        info: what the file says about itself.
    """

    def __init__(self, session: InferenceSession, info: OnnxInfo):
        self._session = session
        self._names = [tensor.name for tensor in session.get_inputs()]
        self.silence = tuple(np.zeros(shape, dtype=np.float32) for shape in info.states)

    def __call__(self, x: np.ndarray, caches: Caches) -> tuple[np.ndarray, Caches]:
        """Run the graph once."""
        output, *kept = self._session.run(None, dict(zip(self._names, (x, *caches), strict=True)))
        return output, tuple(kept)


class WaveHops:
    """A model from samples to samples.

    Args:
        graph: from (1, hop) samples to as many.
        info: what the file says about itself.
    """

    def __init__(self, graph: Graph, info: OnnxInfo):
        self._graph, self._lead = graph, info.lead

    def begin(self, lead: np.ndarray) -> Caches:
        """Return the caches at the beginning of a signal, given its first samples (1, lead)."""
        return (lead, *self._graph.silence[1:]) if self._lead else self._graph.silence

    def run(self, samples: np.ndarray, caches: Caches) -> tuple[np.ndarray, Caches]:
        """Enhance the next hop (1, hop)."""
        return self._graph(samples, caches)

    def missing(self, num_samples: int) -> int:
        """Return how many zeros end a signal: none."""
        return 0

    def rest(self, caches: Caches) -> np.ndarray:
        """Return what is decoded but not final after the last hop, (1, lead)."""
        return caches[-1] if self._lead else np.zeros((1, 0), dtype=np.float32)


class SpectrumHops:
    """A model of spectra, between an STFT and its inverse; see `layers/causal_stft.py`.

    The first two caches are the samples of the last hop, and the second half of the last frame.

    Args:
        graph: from (1, F, 1, 2), real and imaginary part, to as much.
        info: what the file says about itself.
    """

    def __init__(self, graph: Graph, info: OnnxInfo):
        self._graph, self._hop = graph, info.hop
        time = np.arange(2 * info.hop)
        self._window = np.sin(np.pi * time / (2 * info.hop)).astype(np.float32)

    def begin(self, lead: np.ndarray) -> Caches:
        """Return the caches at the beginning of a signal."""
        silence = np.zeros((1, self._hop), dtype=np.float32)
        return silence, silence, *self._graph.silence

    def run(self, samples: np.ndarray, caches: Caches) -> tuple[np.ndarray, Caches]:
        """Enhance the next hop (1, hop); the output is a hop behind."""
        before, overlap, *states = caches
        frame = np.concatenate([before, samples], axis=1) * self._window
        spectrum = np.fft.rfft(frame).astype(np.complex64)
        shape = (1, self._hop + 1, 1, 2)
        found, states = self._graph(spectrum.view(np.float32).reshape(shape), tuple(states))
        spectrum = found.view(np.complex64).reshape(1, -1)
        frame = np.fft.irfft(spectrum, 2 * self._hop).astype(np.float32) * self._window
        first, second = frame[:, : self._hop], frame[:, self._hop :]
        return overlap + first, (samples.copy(), second, *states)

    def missing(self, num_samples: int) -> int:
        """Return how many zeros end a signal, so that the rest of it can be decoded."""
        return -num_samples % self._hop + self._hop

    def rest(self, caches: Caches) -> np.ndarray:
        """Return what is decoded but not final after the last hop: nothing of the signal."""
        return np.zeros((1, 0), dtype=np.float32)


def hops_of(session: InferenceSession, info: OnnxInfo) -> WaveHops | SpectrumHops:
    """Return the function of the opened file."""
    return (WaveHops if info.model_type == WAVE else SpectrumHops)(Graph(session, info), info)
