"""Compare the times of several pieces of work on a machine whose speed drifts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

Work = Callable[[], object]


@dataclass(frozen=True)
class Ratio:
    """How many times as long one piece of work takes as another.

    Attributes:
        value: ratio of the medians.
        low: lowest ratio within a round.
        high: highest ratio within a round.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:  # a single round
            return f"{self.value:.2f}"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def interleaved_seconds(
    works: Mapping[str, Work], rounds: int, warmups: int = 1, rehearse: bool = False
) -> dict[str, list[float]]:
    """Time pieces of work in turn, round after round, so that drift affects all of them equally.

    The clock starts and stops when a GPU, if there is one, has finished its work.

    Args:
        works: pieces of work by name, in the order in which a round runs them.
        rounds: timed rounds, at least one.
        warmups: untimed rounds before them.
        rehearse: run each piece of work once before it is timed, to reclaim the GPU memory that
            the others took.

    Returns:
        name -> seconds of each round.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(-warmups, rounds):
        for name, work in works.items():
            if rehearse:
                work()
            seconds = seconds_of(work)
            if number >= 0:
                times[name].append(seconds)
    return times


def ratio_of(times: Sequence[float], base: Sequence[float]) -> Ratio:
    """Return the ratio of two pieces of work that were timed in the same rounds.

    Args:
        times: seconds of each round for the numerator.
        base: seconds of each round for the denominator.
    """
    of_rounds = [one / other for one, other in zip(times, base, strict=True)]
    value = statistics.median(times) / statistics.median(base)
    return Ratio(value, min(of_rounds), max(of_rounds))


def seconds_of(work: Work) -> float:
    """Return the seconds of a piece of work, including its work on a GPU."""
    _wait_for_gpu()
    start = time.perf_counter()
    work()
    _wait_for_gpu()
    return time.perf_counter() - start


def _wait_for_gpu() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
