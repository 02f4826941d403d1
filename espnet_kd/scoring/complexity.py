"""Number of parameters, multiply-accumulates and speed of a model."""

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
    """Computational cost of a model.

    Attributes:
        parameters: number of weights, trainable and frozen.
        macs_per_second: multiply-accumulates per second of audio.
        real_time_factor: computing time in seconds per second of audio.
    """

    parameters: int
    macs_per_second: float
    real_time_factor: float


def measure(
    model: torch.nn.Module, run: Callable[[], object], seconds: float, repeats: int = 3
) -> Cost:
    """Measure a model on its current device, with the current number of threads.

    Args:
        model: model whose parameters are counted.
        run: function that enhances `seconds` of audio with the model.
        seconds: length of the audio.
        repeats: number of timed runs, after one warm-up run; the result is their median.
    """
    with torch.inference_mode():
        macs = count_macs(run)
        times = [_time(run) for _ in range(repeats)]
    return Cost(count_parameters(model), macs / seconds, statistics.median(times) / seconds)


def count_parameters(model: torch.nn.Module) -> int:
    """Return the number of parameters of a model."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_macs(run: Callable[[], object]) -> int:
    """Count the multiply-accumulates of convolutions, matrix products and attention in one call.

    torch's counter counts a multiply-accumulate as two operations. On the CPU, it sees the products
    of a GRU, but not those of an LSTM, nor elementwise operations; the depthwise convolutions of
    our Conv-TasNet are elementwise (1 or 2 % of its operations). The counter cannot see inside
    fused attention, so attention runs unfused here.
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
