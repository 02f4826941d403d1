"""Names and intervals for several trainings of one method that differ only in their seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import t as student_t

from espnet_kd.scoring.bootstrap import LEVEL, Interval

SEEDED = re.compile(r"(?P<method>.+)-seed(?P<seed>\d+)")


def seeded_name(method: str, seed: int) -> str:
    """Return the system name of one training of a method, for example `output-seed1`."""
    return f"{method}-seed{seed}"


def seed_directory(method: str, seed: int) -> str:
    """Return the subdirectory of one training of a method, for example `output/seed1`."""
    return f"{method}/seed{seed}"


def seeds_of(method: str, systems: Iterable[str]) -> list[int]:
    """Return the seeds of a method found in the names of scored systems, sorted."""
    matches = (SEEDED.fullmatch(system) for system in systems)
    return sorted({int(m["seed"]) for m in matches if m and m["method"] == method})


def seed_interval(values: Sequence[float]) -> Interval:
    """Return the mean over seeds and its 95 % Student's t interval, mean +- t(n - 1) s / sqrt(n).

    The values are assumed to be drawn independently from a normal distribution.

    Args:
        values: one value for each seed, at least two.

    Raises:
        ValueError: there are fewer than two values, so the spread is unknown.
    """
    if len(values) < 2:
        raise ValueError(f"{len(values)} value(s) show no spread over seeds")
    mean = float(np.mean(values))
    quantile = float(student_t.ppf((1 + LEVEL) / 2, len(values) - 1))
    half = quantile * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return Interval(mean, mean - half, mean + half)
