"""Several trainings of one method that differ in their seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import t as student_t

from espnet_kd.scoring.bootstrap import LEVEL, Interval

SEEDED = re.compile(r"(?P<method>.+)-seed(?P<seed>\d+)")


def seeded_name(method: str, seed: int) -> str:
    """Name of one training of a method as a system that is scored: `output-seed1`."""
    return f"{method}-seed{seed}"


def seed_directory(method: str, seed: int) -> str:
    """Where a training of a method lies below the experiment: `output/seed1`."""
    return f"{method}/seed{seed}"


def seeds_of(method: str, systems: Iterable[str]) -> list[int]:
    """Seeds of a method among the names of scored systems, in order."""
    matches = (SEEDED.fullmatch(system) for system in systems)
    return sorted({int(m["seed"]) for m in matches if m and m["method"] == method})


def seed_interval(values: Sequence[float]) -> Interval:
    """Mean over seeds and its 95 % interval by Student's t: mean +- t(n - 1) s / sqrt(n).

    It takes the values as drawn independently from a normal distribution.

    Args:
        values: one for each seed, at least two.

    Raises:
        ValueError: fewer than two values, which show no spread.
    """
    if len(values) < 2:
        raise ValueError(f"{len(values)} value(s) show no spread over seeds")
    mean = float(np.mean(values))
    quantile = float(student_t.ppf((1 + LEVEL) / 2, len(values) - 1))
    half = quantile * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return Interval(mean, mean - half, mean + half)
