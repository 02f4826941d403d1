"""Enhance samples with a trained PyTorch model."""

from __future__ import annotations

import os

import numpy as np
import torch
from espnet2.enh.layers.tcn import ChannelwiseLayerNorm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.enh.separator.masked_tcn import MaskedTCNSeparator
from espnet_kd.errors import UserError
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.streaming.state import StreamState
from espnet_kd.streaming.streamer import Streamer
from espnet_kd.tasks.trained import load_model

NORMS_OF_A_FRAME = (ChannelwiseLayerNorm, torch.nn.BatchNorm1d)  # see no other frame
MEMORY = 150e6  # bytes for the tensors of a piece; PyTorch and ESPnet take 870e6 by themselves
TENSORS = 6  # as large as the largest one, in memory at once; measured with Conv-TasNet


class TorchBackend:
    """A trained speech-enhancement model on the CPU; see `Backend`.

    Args:
        config: `config.yaml` of the training.
        checkpoint: file of the weights.

    Raises:
        UserError: the model reads transcripts; see also `load_model`.
    """

    def __init__(self, config: str | os.PathLike, checkpoint: str | os.PathLike):
        model, _ = load_model(config, checkpoint)
        if model.takes_text:
            raise UserError(config, "this model also needs the transcript", "give a student")
        self.sample_rate = SAMPLE_RATE
        self.hop, self._window = frames_of(model.encoder)
        self.context = context_of(model)
        self._enhancer = Enhancer(model, keep_scale=True)
        self._model, self._config = model, config
        self.longest = int(MEMORY / (TENSORS * self._bytes_per_second()) * SAMPLE_RATE)

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        """Enhance (T,); a signal shorter than the model's window is filled up with zeros."""
        size = max(len(samples), self._window)
        mixture = torch.zeros(1, size)
        mixture[0, : len(samples)] = torch.from_numpy(samples)
        inputs = {"mixture": mixture, "lengths": torch.tensor([size])}
        return self._enhancer.compute(inputs)[0, : len(samples)].numpy()

    def streamer(self) -> TorchStreamer:
        """Return the model as a stream.

        Raises:
            UserError: it cannot stream; the error says why.
        """
        return TorchStreamer(Streamer(self._model, self._config))

    def _bytes_per_second(self) -> int:
        """Return the size of the largest tensor that one second of audio makes."""
        with _LargestTensor() as largest:
            self.enhance(np.full(SAMPLE_RATE, 0.1, dtype=np.float32))
        return largest.bytes


class TorchStreamer:
    """`Streamer` that takes and returns NumPy arrays; see `AnyStreamer`.

    Args:
        streamer: the model as a stream of tensors.
    """

    def __init__(self, streamer: Streamer):
        self._streamer = streamer
        self.hop, self.latency = streamer.hop, streamer.latency

    def initial_state(self) -> StreamState:
        """Return the state at the beginning of a signal."""
        return self._streamer.initial_state()

    def step(self, samples: np.ndarray, state: StreamState) -> tuple[np.ndarray, StreamState]:
        """Enhance the next samples, (1, L); see `Streamer.step`."""
        enhanced, state = self._streamer.step(torch.from_numpy(samples), state)
        return enhanced.numpy(), state

    def flush(self, state: StreamState) -> np.ndarray:
        """Return the rest of the output, (1, L')."""
        return self._streamer.flush(state).numpy()


class _LargestTensor(TorchDispatchMode):
    """Remembers the size of the largest tensor that any operation returns."""

    bytes = 1

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self.bytes = max(self.bytes, leaf.numel() * leaf.element_size())
        return out


def frames_of(encoder: torch.nn.Module) -> tuple[int, int]:
    """Return hop and window of an ESPnet encoder in samples; (1, 1) if it has no frames."""
    hop = getattr(encoder, "stride", None) or getattr(encoder, "hop_length", None)
    window = getattr(encoder, "kernel_size", None) or getattr(encoder, "n_fft", None)
    return hop or 1, window or 1


def context_of(model: torch.nn.Module) -> int | None:
    """Return how many samples on either side a sample of the output depends on; None if all.

    It is known for Conv-TasNet whose norms see one frame. Norms over the utterance (gLN, GN),
    recurrent layers and attention see all samples.
    """
    separator = model.separator
    if not isinstance(separator, MaskedTCNSeparator):
        return None
    norms = [block.net[2] for block in separator.tcn.blocks()]
    if not all(isinstance(norm, NORMS_OF_A_FRAME) for norm in norms):
        return None
    hop, window = frames_of(model.encoder)
    return separator.tcn.reach * hop + 2 * window
