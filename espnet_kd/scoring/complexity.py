"""Size, arithmetic and speed of a model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from espnet_kd.enh.fast.products import OPERATIONS


@dataclass(frozen=True)
class Cost:
    """What a model costs.

    Attributes:
        parameters: number of trainable or frozen weights.
        macs_per_second: multiply-accumulates of a second of audio.
        real_time_factor: seconds of computing for a second of audio.
    """

    parameters: int
    macs_per_second: float
    real_time_factor: float


def measure(
    model: torch.nn.Module, run: Callable[[], object], seconds: float, repeats: int = 3
) -> Cost:
    """Measure a model on the device and with the number of threads in use.

    Args:
        model: its parameters are counted.
        run: enhances `seconds` of audio with it.
        seconds: length of that audio.
        repeats: timed runs, of which the median counts; one run before them warms up.
    """
    with torch.inference_mode():
        macs = count_macs(run)
        times = [_time(run) for _ in range(repeats)]
    return Cost(count_parameters(model), macs / seconds, statistics.median(times) / seconds)


def count_parameters(model: torch.nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_macs(run: Callable[[], object]) -> int:
    """Multiply-accumulates of convolutions, matrix products and attention in one call.

    torch's counter counts a multiply-accumulate as two operations, and neither recurrent cells
    nor elementwise work, which the depthwise convolutions of our Conv-TasNet are (1 or 2 % of it).
    It does not see into fused attention, which is taken apart here.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        counter = FlopCounterMode(display=False, custom_mapping=OPERATIONS)
        with sdpa_kernel(SDPBackend.MATH), counter:
            run()
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return counter.get_total_flops() // 2


def _time(run: Callable[[], object]) -> float:
    _synchronize()
    start = time.perf_counter()
    run()
    _synchronize()
    return time.perf_counter() - start


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
