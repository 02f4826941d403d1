"""A causal model as a function of tensors with fixed shapes, for an export to ONNX."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.enh.layers.past import Past
from espnet_kd.enh.separator.masked_tcn import MaskedTCNSeparator
from espnet_kd.errors import UserError
from espnet_kd.streaming.front_ends import STFTFrontEnd
from espnet_kd.streaming.hop_model import HopModel
from espnet_kd.streaming.onnx_info import CACHES, SPECTRUM, WAVE, OnnxInfo, Shape


class WaveGraph(nn.Module):
    """A hop of samples and the caches of `HopModel` to the same.

    Caches without elements, e.g. those of frames that do not overlap, are left out.

    Args:
        model: the model.

    Attributes:
        inputs, outputs: names.
        states: shapes of the caches.
    """

    model_type = WAVE

    def __init__(self, model: HopModel):
        super().__init__()
        self.model = model
        state = model.begin(torch.zeros(1, model.front_end.lead))
        self.all_states: list[Shape] = [tuple(cache.shape) for cache in state]
        self.states = [shape for shape in self.all_states if math.prod(shape)]
        names = [f"state_{number}" for number in range(len(self.states))]
        self.inputs = ["samples", *names]
        self.outputs = ["enhanced", *(f"{name}_out" for name in names)]

    def silence(self) -> torch.Tensor:
        """Return an input for an example."""
        return torch.zeros(1, self.model.front_end.hop)

    def context(self) -> int | None:
        """Return the samples on either side that a sample of the output depends on; None if all."""
        front_end, separator = self.model.front_end, self.model.separator
        if not isinstance(separator, MaskedTCNSeparator):
            return None
        return separator.tcn.reach * front_end.hop + 2 * front_end.latency

    def forward(self, samples: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Map (1, hop) samples and the caches to as many samples and the next caches."""
        given = iter(states)
        state = [
            next(given) if math.prod(shape) else samples.new_zeros(shape)
            for shape in self.all_states
        ]
        enhanced, *kept = self.model(samples, *state)
        return enhanced, *(
            cache for cache, shape in zip(kept, self.all_states, strict=True) if math.prod(shape)
        )


class SpectrumGraph(nn.Module):
    """A frame of a spectrum and three caches to the same, in the form that sherpa-onnx runs.

    sherpa-onnx needs exactly three caches, whose meaning it does not know: those of all layers, one
    after the other, are cut into three of about equal size.

    Args:
        model: a model between the `causal_stft` encoder and decoder.
        where: what to name in an error.

    Attributes:
        inputs, outputs: names.
        states: shapes of the caches.

    Raises:
        UserError: the separator is not a mask on the spectrum.
    """

    model_type = SPECTRUM

    def __init__(self, model: HopModel, where: str):
        super().__init__()
        self.separator = model.separator
        self.bins = model.front_end.hop + 1
        estimates = hasattr(self.separator, "estimate") and getattr(self.separator, "masking", True)
        if not estimates:
            name = type(self.separator).__name__
            problem = f"{name} does not estimate a mask on the spectrum, so it has no form for ONNX"
            raise UserError(where, problem, "train it with `masking: true`, or use `gtcrn`")
        past = Past()
        with torch.no_grad():
            self.separator.estimate(torch.zeros(1, 2, self.bins, 1), past)
        self.shapes: list[Shape] = [tuple(cache.shape) for cache in past.kept]
        self.sizes = [math.prod(shape) for shape in self.shapes]
        total, parts = sum(self.sizes), len(CACHES)
        cuts = [total * index // parts for index in range(parts + 1)]
        self.states = [(stop - start,) for start, stop in zip(cuts, cuts[1:], strict=False)]
        self.inputs = ["mix", *CACHES]
        self.outputs = ["enh", *(f"{name}_out" for name in CACHES)]

    def silence(self) -> torch.Tensor:
        """Return an input for an example."""
        return torch.zeros(1, self.bins, 1, 2)

    def context(self) -> None:
        """Return that a sample of the output depends on all before it."""

    def forward(self, mix: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Map a frame (1, F, 1, 2), real and imaginary part, and the caches to the same."""
        flat = torch.cat(states).split(self.sizes)
        past = Past([x.reshape(shape) for x, shape in zip(flat, self.shapes, strict=True)])
        spectrum = mix.permute(0, 3, 1, 2)
        mask = self.separator.estimate(spectrum, past)
        real = spectrum[:, 0] * mask[:, 0] - spectrum[:, 1] * mask[:, 1]
        imaginary = spectrum[:, 0] * mask[:, 1] + spectrum[:, 1] * mask[:, 0]
        kept = torch.cat([cache.flatten() for cache in past.kept])
        return torch.stack([real, imaginary], dim=-1), *kept.split([n for (n,) in self.states])


def graph_of(model: nn.Module, where: str) -> tuple[WaveGraph | SpectrumGraph, OnnxInfo]:
    """Return the graph of a trained model, and what its file has to say about itself.

    Args:
        model: a causal enhancement model.
        where: what to name in an error.

    Raises:
        UserError: the model cannot stream, or has no form for ONNX; the error says why.
    """
    hops = HopModel(model, where)
    front_end = hops.front_end
    spectrum = isinstance(front_end, STFTFrontEnd)
    graph = SpectrumGraph(hops, where) if spectrum else WaveGraph(hops)
    info = OnnxInfo(
        model_type=graph.model_type,
        model=type(hops.separator).__name__,
        sample_rate=SAMPLE_RATE,
        hop=front_end.hop,
        lead=front_end.lead,
        delay=front_end.delay,
        latency=front_end.latency,
        context=graph.context(),
        states=tuple(graph.states),
    )
    return graph.eval(), info


def example(graph: WaveGraph | SpectrumGraph) -> tuple[Any, ...]:
    """Return the arguments of a first call."""
    return graph.silence(), *(torch.zeros(shape) for shape in graph.states)
