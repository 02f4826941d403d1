"""Compare training steps at the published size with stock ESPnet's."""

from __future__ import annotations

import contextlib
import copy
import statistics
from argparse import Namespace
from collections.abc import Callable, Mapping

import torch
from espnet2.enh.layers.tcn import ChannelwiseLayerNorm, TemporalBlock, TemporalConvNet
from espnet2.tasks.enh import EnhancementTask
from torch import nn

from benchmarks.apart import Apart
from benchmarks.memory import peak_megabytes
from benchmarks.random_models import TOKENS
from benchmarks.roofline import Limit, demand_of, matrix_peak, memory_peak, time_shares
from benchmarks.speed_table import Row, Target, memory_row, time_row
from benchmarks.synthetic_batch import synthetic_batch
from benchmarks.timing import interleaved_seconds
from benchmarks.training_step import TrainingStep
from benchmarks.workload import CONF
from espnet_kd.tasks.base_config import parse_with_base
from espnet_kd.tasks.enh_kd import EnhKDTask

SECONDS = 4.0
UTTERANCES = {"cpu": 1, "cuda": 32}
# Untimed steps before the timed ones: the first step compiles, and the heap grows until the third.
SETTLING = 2
PRECISIONS = ("float32", "bfloat16")
TARGETS = {
    ("Conv-TasNet", "cpu", "float32"): Target(1.8, share=0.75),
    ("Conv-TasNet", "cpu", "bfloat16"): Target(3.0),
    ("Conv-TasNet", "cuda", "bfloat16"): Target(4.0),
    ("teacher", "cpu", "float32"): Target(1.8),
    ("teacher", "cpu", "bfloat16"): Target(3.0),
}
MakeStep = Callable[[Namespace, str], TrainingStep]


class EagerConvNet(TemporalConvNet):
    """ESPnet's network with the signature of ours; it does not mask the padding."""

    def forward(self, mixture_w: torch.Tensor, *_: object) -> torch.Tensor:
        """Estimate masks: (B, N, T) -> (B, C, N, T)."""
        return super().forward(mixture_w)


def stock_step(args: Namespace, device: str) -> TrainingStep:
    """Make a training step of ESPnet's own task."""
    return TrainingStep(args, device, EnhancementTask)


def naive_step(args: Namespace, device: str) -> TrainingStep:
    """Make a training step of our model with ESPnet's network, where ESPnet has no such model."""
    step = TrainingStep(args, device)
    network = step.model.separator.tcn
    for block in network.blocks():
        block.__class__ = TemporalBlock
    network.__class__ = EagerConvNet
    network.network[0].__class__ = ChannelwiseLayerNorm
    for convolution in (network.network[1], network.network[-1]):
        convolution.__class__ = nn.Conv1d
    return step


MODELS: Mapping[str, tuple[str, MakeStep]] = {
    "Conv-TasNet": ("se/conv_tasnet.yaml", stock_step),
    "teacher": ("se/text_informed_tcn.yaml", naive_step),
}


def measure_training(name: str, device: str, rounds: int) -> tuple[list[Row], list[Limit]]:
    """Time a step of stock, and of ours in both precisions, from the same weights.

    Args:
        name: key of MODELS.
        device: device to train on.
        rounds: timed rounds.

    Returns:
        Rows of time and memory, and the limits of our steps.
    """
    file, make_stock = MODELS[name]
    utterances = UTTERANCES[device]
    args = training_args(str(CONF / file), device)
    steps = make_steps(args, device, make_stock)
    batch = synthetic_batch(utterances, SECONDS, "SIMU", len(TOKENS), paired=False, shortest=1.0)
    on_gpu = device == "cuda"
    for step in steps.values():
        step.take(batch)
        if on_gpu:
            step.fit()
    for kind in PRECISIONS * SETTLING:
        steps[kind]()
    peaks = {kind: matrix_peak(getattr(torch, kind), device) for kind in PRECISIONS}
    bandwidth = memory_peak(device)
    tried = {f"peak {kind}": peak for kind, peak in peaks.items()}
    with (
        contextlib.nullcontext(steps["stock"])
        if on_gpu
        else Apart(f"{__name__}:{make_stock.__name__}", args, batch)
    ) as stock:
        works = {**steps, "stock": stock, **tried, "copy": bandwidth}
        times = interleaved_seconds(works, rounds, rehearse=on_gpu)
    memory = {kind: peak_megabytes(step, device) for kind, step in steps.items()}
    demand = demand_of(steps["stock"])
    title = f"{name}, {utterances} x {SECONDS:g} s, {'GPU' if on_gpu else 'CPU'}"
    limits = [
        Limit(
            f"{title}, {kind}",
            demand,
            kind == "bfloat16",
            peaks[kind].rate,
            bandwidth.rate,
            statistics.median(times[kind]),
            time_shares(steps[kind], device),
        )
        for kind in PRECISIONS
    ]
    rows = [
        time_row(
            f"training step, {limit.work}{in_parts(steps, kind)}",
            times["stock"],
            times[kind],
            TARGETS.get((name, device, kind)),
            limit.peak_share,
        )
        for kind, limit in zip(PRECISIONS, limits, strict=True)
    ]
    rows += [
        memory_row(
            f"memory of the step, {kind}{in_parts(steps, kind)}", memory["stock"], memory[kind]
        )
        for kind in PRECISIONS
    ]
    return rows, limits


def in_parts(steps: Mapping[str, TrainingStep], kind: str) -> str:
    """Describe which side split its batch for lack of memory; empty if neither did."""
    sides = {"stock": steps["stock"].parts, "ours": steps[kind].parts}
    found = [f"{side} in {parts} parts" for side, parts in sides.items() if parts > 1]
    return f" ({', '.join(found)})" if found else ""


def training_args(config: str, device: str) -> Namespace:
    """Read the YAML file of a training, with settings that compute as stock does."""
    args = parse_with_base(EnhKDTask.get_parser, ["--config", config])
    args.token_list, args.ngpu = list(TOKENS), int(device == "cuda")
    args.compile = False
    args.autocast_dtype = None
    return args


def make_steps(args: Namespace, device: str, make_stock: MakeStep) -> dict[str, TrainingStep]:
    """Make training steps from the same weights: `stock`, and ours in each precision.

    Args:
        args: training arguments; see `training_args`.
        device: device to train on.
        make_stock: makes the step that ours are compared with.
    """
    steps = {"stock": make_stock(args, device)}
    for kind in PRECISIONS:
        ours = copy.deepcopy(args)
        ours.compile = True
        ours.autocast_dtype = None if kind == "float32" else kind
        steps[kind] = TrainingStep(ours, device)
        steps[kind].model.load_state_dict(steps["stock"].model.state_dict())
    return steps
