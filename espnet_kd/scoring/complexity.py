"""Number of parameters, multiply-accumulates and speed of a model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from espnet_kd.enh.fast.products import OPERATIONS


@dataclass(frozen=True)
class Speed:
    """Real-time factors of a model: computing time in seconds per second of audio.

    Attributes:
        factors: one for each utterance in each process.
    """

    factors: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean of the factors."""
        return statistics.fmean(self.factors)

    @property
    def deviation(self) -> float:
        """Standard deviation of the factors (of a sample); 0 for a single one."""
        return statistics.stdev(self.factors) if len(self.factors) > 1 else 0.0


def real_time_factors(
    runs: Sequence[tuple[Callable[[], object], float]], budget: float
) -> list[float]:
    """Return the real-time factor of each run, after one that is not timed.

    Args:
        runs: functions that enhance an utterance, each with the seconds of audio in it.
        budget: seconds after which no further run starts; two always do.
    """
    with torch.inference_mode():
        runs[0][0]()
        factors: list[float] = []
        begin = time.perf_counter()
        for run, seconds in runs:
            start = time.perf_counter()
            if len(factors) >= 2 and start - begin > budget:
                break
            run()
            factors.append((time.perf_counter() - start) / seconds)
    return factors


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
        with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), counter:
            run()
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return counter.get_total_flops() // 2
