"""What bounds a training step: the operations it needs, the bytes it moves, and the machine."""

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
PRODUCTS = ("mm", "conv", "linear")  # in names of operations: mm, bmm, addmm; convolutions
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
    """The best that the machine does, tried again whenever it is called.

    Args:
        works: ways to do what the machine is tried on.
        amount: operations or bytes of it.
    """

    def __init__(self, works: Sequence[Callable[[], object]], amount: float):
        self.works = works
        self.amount = amount
        self.seconds = math.inf

    def __call__(self) -> None:
        """Try some times more."""
        self.seconds = min(self.seconds, *(seconds_of(work) for work in self.works * REPEATS))

    @property
    def rate(self) -> float:
        """Amount per second, at best."""
        return self.amount / self.seconds


def matrix_peak(dtype: torch.dtype, device: str) -> Peak:
    """Operations per second of a product of square matrices, by torch.mm or as our blocks do it."""
    size = MATRIX[device]
    one, other = torch.randn(2, size, size, device=device).to(dtype)
    result, batch = torch.empty_like(one), other.unsqueeze(1)
    ways = [lambda: torch.mm(one, other, out=result), lambda: plain_product(one, batch)]
    return Peak(ways, 2 * size**3)


def memory_peak(device: str) -> Peak:
    """Bytes per second of a copy that no cache holds, reading and writing counted."""
    source = torch.ones(COPIED, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return Peak([lambda: target.copy_(source)], 2 * COPIED)


@dataclass(frozen=True)
class Demand:
    """What a training step asks of a machine.

    Attributes:
        flops: of matrix products and convolutions; a multiplication with an addition is two.
        product_bytes: what these read and write, all else being fused into them.
        all_bytes: what all operations read and write, one after the other.
    """

    flops: float
    product_bytes: float
    all_bytes: float


def demand_of(step: TrainingStep) -> Demand:
    """Count a step of a model that is not compiled, and made of PyTorch's own operators.

    The backward pass needs each product twice more: for what came in and for the weights. It is
    not counted itself, since the counter takes a depthwise convolution's for a full one.
    """
    with FlopCounterMode(display=False) as counter:
        deque(step.losses(), maxlen=0)  # holds none, with what its gradient would need
    with _Traffic() as traffic:
        step()
    return Demand(3 * counter.get_total_flops(), traffic.products, traffic.total)


class _Traffic(TorchDispatchMode):
    """Counts bytes of what operations are given and give; views move nothing."""

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
    """Share of a call's computing time in matrix products, and in compiled blocks.

    Args:
        step: what to call.
        device: on which it works; on a GPU its own time counts.
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
    """A training step beside what the machine could do at best.

    Attributes:
        work: name of the step.
        demand: in single precision.
        half: its products are in half precision, which moves half of the bytes.
        flops: matrix peak, per second.
        bandwidth: bytes per second.
        seconds: of our step.
        shares: of its time in matrix products and in compiled blocks.
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
        """Bytes that cannot be spared."""
        return self.demand.product_bytes / (2 if self.half else 1)

    @property
    def least_seconds(self) -> float:
        """The roofline (Williams et al. 2009): as long as its operations or its bytes take."""
        return max(self.demand.flops / self.flops, self.product_bytes / self.bandwidth)

    @property
    def peak_share(self) -> float:
        """Operations per second of our step, as a share of the matrix peak."""
        return self.demand.flops / self.seconds / self.flops


def limit_table(limits: Sequence[Limit]) -> str:
    """A Markdown table with a row for each."""
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
