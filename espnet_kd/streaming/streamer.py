"""Enhance a signal in chunks of any lengths; together, they equal the whole."""

from __future__ import annotations

import os

import torch
from torch import nn
from torch.nn import functional

from espnet_kd.errors import UserError
from espnet_kd.streaming.hop_model import HopModel
from espnet_kd.streaming.state import StreamState

MOST_HOPS = 512  # computed at once, so that a chunk of an hour takes no more memory than one of 8 s


class Streamer:
    """Enhances signals while they arrive, as `enhance` enhances them as a whole.

        streamer = Streamer(model)
        state = streamer.initial_state()
        for chunk in chunks:                             # (1, L), L may change and may be 0
            enhanced, state = streamer.step(chunk, state)
        end = streamer.flush(state)

    `step` changes neither its arguments nor the streamer, so one streamer serves any number of
    signals at the same time. The output has the model's own scale (no `match_gain`, which needs the
    whole signal).

    Args:
        model: a causal enhancement model, for example of `load_model`.
        where: what to name in an error, e.g. the file of the configuration.

    Raises:
        UserError: the model cannot stream; the error says why.
    """

    def __init__(self, model: nn.Module, where: str | os.PathLike = "model"):
        self.hop_model = HopModel(model, os.fspath(where))
        self._like = next(model.parameters())

    @property
    def latency(self) -> int:
        """Algorithmic latency in samples: sample n of the output needs n + latency of the input."""
        return self.hop_model.front_end.latency

    @property
    def hop(self) -> int:
        """The output grows by this number of samples at a time."""
        return self.hop_model.front_end.hop

    def initial_state(self, batch: int = 1) -> StreamState:
        """Return the state at the beginning of `batch` signals, which advance together."""
        nothing = self._like.new_zeros(batch, 0).detach()
        return StreamState(nothing, (), 0, -self.hop_model.front_end.delay)

    @torch.inference_mode()
    def step(self, samples: torch.Tensor, state: StreamState) -> tuple[torch.Tensor, StreamState]:
        """Enhance the next samples.

        Args:
            samples: (B, L) float, any L >= 0.
            state: `initial_state` or what the previous step returned.

        Returns:
            (B, L') samples that are final now, and the new state. L' is a multiple of `hop`.

        Raises:
            UserError: the samples have another shape, or are not finite.
        """
        check_samples(samples, len(state.pending))
        received = state.received + samples.size(1)
        waiting = torch.cat([state.pending, samples.to(state.pending)], dim=1)
        caches, lead = state.caches, self.hop_model.front_end.lead
        if not caches and waiting.size(1) >= lead:
            caches, waiting = self.hop_model.begin(waiting[:, :lead]), waiting[:, lead:]
        size = waiting.size(1) // self.hop * self.hop if caches else 0
        outputs = [waiting[:, :0]]
        for piece in waiting[:, :size].split(MOST_HOPS * self.hop, dim=1) if size else ():
            output, *caches = self.hop_model(piece, *caches)
            outputs.append(output)
        enhanced = torch.cat(outputs, dim=1)[:, max(0, -state.returned) :]
        rest = waiting[:, size:].clone()  # a view would keep the whole chunk in memory
        return enhanced, StreamState(rest, tuple(caches), received, state.returned + size)

    @torch.inference_mode()
    def flush(self, state: StreamState) -> torch.Tensor:
        """Return the rest of the output, (B, L'), so that it has as many samples as the input."""
        front_end = self.hop_model.front_end
        zeros = state.pending.new_zeros(len(state.pending), front_end.missing(state.received))
        enhanced, after = self.step(zeros, state)
        if after.caches:
            enhanced = torch.cat([enhanced, front_end.rest(after.caches)], dim=1)
        missing = state.received - max(0, state.returned)
        enhanced = enhanced[:, :missing]
        return functional.pad(enhanced, (0, missing - enhanced.size(1)))


def check_samples(samples: torch.Tensor, batch: int) -> None:
    """Reject samples that a stream cannot take: one NaN would spoil all that comes after it.

    Raises:
        UserError: the samples are not (batch, L), not floating point, or not finite.
    """
    if samples.dim() != 2 or len(samples) != batch or not samples.is_floating_point():
        problem = f"are {tuple(samples.shape)}, {samples.dtype}"
        raise UserError("samples", problem, f"give floating point, ({batch}, any number)")
    if not samples.isfinite().all():
        raise UserError("samples", "have NaN or infinity", "replace them, e.g. by zeros")
