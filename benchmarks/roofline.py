"""Measure what limits a training step: its operations, the bytes it moves, and the machine."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from benchmarks.timing import seconds_of
from benchmarks.training_step import TrainingStep
from espnet_kd.enh.fast.products import plain_product
from espnet_kd.report.markdown import GAP, table

MATRIX = {"cpu": 2048, "cuda": 8192}  # rows and columns
COPIED = 2**28  # bytes
REPEATS = 3
PRODUCTS = ("mm", "conv", "linear")  # parts of names: mm, bmm, addmm; convolutions; linear layers
COMPILED = ("ompiled", "triton", "cpp_fused")
HEADER = (
    "training step",
    "operations (GFLOP)",
    "least bytes (GB)",
    "bytes of stock (GB)",
    "matrix peak (GFLOP/s)",
    "memory (GB/s)",
    "least time (s)",
    "ours (s)",
    "in matrix products",
    "in compiled blocks",
)


class Peak:
    """The highest rate of the machine; every call measures again and keeps the best.

    Args:
        works: different ways to do the same work.
        amount: operations or bytes of the work.
    """

    def __init__(self, works: Sequence[Callable[[], object]], amount: float):
        self.works = works
        self.amount = amount
        self.seconds = math.inf

    def __call__(self) -> None:
        """Measure each way a few more times."""
        self.seconds = min(self.seconds, *(seconds_of(work) for work in self.works * REPEATS))

    @property
    def rate(self) -> float:
        """The highest amount per second."""
        return self.amount / self.seconds


def matrix_peak(dtype: torch.dtype, device: str) -> Peak:
    """Return the peak of a product of square matrices, by torch.mm or as in our blocks."""
    size = MATRIX[device]
    one, other = torch.randn(2, size, size, device=device).to(dtype)
    result, batch = torch.empty_like(one), other.unsqueeze(1)
    ways = [lambda: torch.mm(one, other, out=result), lambda: plain_product(one, batch)]
    return Peak(ways, 2 * size**3)


def memory_peak(device: str) -> Peak:
    """Return the peak of a copy too large for any cache, counting bytes read and written."""
    source = torch.ones(COPIED, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return Peak([lambda: target.copy_(source)], 2 * COPIED)


@dataclass(frozen=True)
class Demand:
    """What a training step requires of a machine.

    Attributes:
        flops: operations of matrix products and convolutions; a multiply-add counts as two.
        product_bytes: bytes that these read and write, if everything else is fused into them.
        all_bytes: bytes that all operations read and write, each on its own.
    """

    flops: float
    product_bytes: float
    all_bytes: float


def demand_of(step: TrainingStep) -> Demand:
    """Count a step of a model that is not compiled and consists of PyTorch's own operators.

    The backward pass needs each product twice more, for the gradients of input and weights. Its
    operations are not counted directly, because the counter takes the backward pass of a depthwise
    convolution for that of a full one.
    """
    with FlopCounterMode(display=False) as counter:
        deque(step.losses(), maxlen=0)  # keeps no loss, and so no graph
    with _Traffic() as traffic:
        step()
    return Demand(3 * counter.get_total_flops(), traffic.products, traffic.total)


class _Traffic(TorchDispatchMode):
    """Counts the bytes of all inputs and outputs of operations; views move nothing."""

    def __init__(self):
        super().__init__()
        self.products = self.total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            tensors = [x for x in tree_leaves((args, kwargs, result)) if torch.is_tensor(x)]
            size = sum(tensor.nbytes for tensor in tensors)
            self.total += size
            if func.overloadpacket in flop_registry:
                self.products += size
        return result


def time_shares(step: Callable[[], object], device: str) -> tuple[float, float]:
    """Return the shares of a call's computing time in matrix products and in compiled blocks.

    Args:
        step: function to call.
        device: device on which it works; for a GPU, the time on the GPU counts.
    """
    activities = [ProfilerActivity.CPU]
    if device == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities, acc_events=True) as profiler:
        step()
    times = {
        event.key: event.self_device_time_total if device == "cuda" else event.self_cpu_time_total
        for event in profiler.key_averages()
    }
    total = sum(times.values())
    products = sum(time for name, time in times.items() if _is_of(name, PRODUCTS))
    compiled = sum(
        time
        for name, time in times.items()
        if _is_of(name, COMPILED) and not _is_of(name, PRODUCTS)
    )
    return products / total, compiled / total


def _is_of(name: str, parts: Sequence[str]) -> bool:
    return any(part in name for part in parts)


@dataclass(frozen=True)
class Limit:
    """A training step compared with the best that the machine can do.

    Attributes:
        work: name of the step.
        demand: demand of the step in single precision.
        half: whether its products are in half precision, which moves half of the bytes.
        flops: matrix peak, in operations per second.
        bandwidth: speed of a copy, in bytes per second.
        seconds: time of our step.
        shares: shares of its time in matrix products and in compiled blocks.
    """

    work: str
    demand: Demand
    half: bool
    flops: float
    bandwidth: float
    seconds: float
    shares: tuple[float, float]

    @property
    def product_bytes(self) -> float:
        """Bytes that have to be moved at least."""
        return self.demand.product_bytes / (2 if self.half else 1)

    @property
    def least_seconds(self) -> float:
        """The roofline (Williams et al. 2009): the longer of the times for operations and bytes."""
        return max(self.demand.flops / self.flops, self.product_bytes / self.bandwidth)

    @property
    def peak_share(self) -> float:
        """Operations per second of our step as a share of the matrix peak."""
        return self.demand.flops / self.seconds / self.flops


def limit_table(limits: Sequence[Limit]) -> str:
    """Return a Markdown table with one row per step."""
    return table(HEADER, map(_row, limits))


def _row(limit: Limit) -> tuple[str, ...]:
    return (
        limit.work,
        f"{limit.demand.flops / 1e9:.0f}",
        f"{limit.product_bytes / 1e9:.2f}",
        f"{limit.demand.all_bytes / 1e9:.2f}",
        f"{limit.flops / 1e9:.0f}",
        f"{limit.bandwidth / 1e9:.0f}",
        f"{limit.least_seconds:.3f}",
        f"{limit.seconds:.3f}",
        *(f"{share:.0%}" if share else GAP for share in limit.shares),
    )
