"""Measure the parts of the comparison with stock ESPnet."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.loss_curve import curve_section, measure_curves
from benchmarks.roofline import Limit, limit_table
from benchmarks.speed_enhancement import measure_enhancement
from benchmarks.speed_epoch import measure_epoch
from benchmarks.speed_growth import measure_growth
from benchmarks.speed_start import measure_start
from benchmarks.speed_table import Row, speed_table
from benchmarks.speed_training import measure_training


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes:
        rounds: rounds of training steps.
        command_rounds: rounds of enhancement.
        scratch: directory for audio and models; None for the system's.
    """

    rounds: int
    command_rounds: int
    scratch: str | None


@dataclass
class Found:
    """The results of one or more parts.

    Attributes:
        rows: rows of the comparison.
        limits: limits of training steps.
        sections: further text in Markdown.
    """

    rows: list[Row] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Append the results of another part."""
        self.rows += other.rows
        self.limits += other.limits
        self.sections += other.sections

    def __str__(self) -> str:
        tables = [speed_table(self.rows)] if self.rows else []
        if self.limits:
            tables.append(limit_table(self.limits))
        return "\n\n".join([*tables, *self.sections])


def devices() -> Iterator[str]:
    """Yield the devices to measure on: the CPU, and the GPU if there is one."""
    yield "cpu"
    if torch.cuda.is_available():
        yield "cuda"


def _training(model: str) -> Callable[[Options, Path], Found]:
    def measure(options: Options, _: Path) -> Found:
        found = Found()
        for device in devices():
            found.add(Found(*measure_training(model, device, options.rounds)))
        return found

    return measure


def _enhancing(options: Options, directory: Path) -> Found:
    found = Found()
    for device in devices():
        (directory / device).mkdir()
        rows = measure_enhancement(device, options.command_rounds, directory / device)
        found.add(Found(rows))
    return found


MEASURE: dict[str, Callable[[Options, Path], Found]] = {
    "training": _training("Conv-TasNet"),
    "teacher": _training("teacher"),
    "curve": lambda *_: Found(sections=[curve_section(measure_curves("cpu"))]),
    "enhancing": _enhancing,
    "start": lambda _, directory: Found(measure_start(directory)),
    "epoch": lambda _, directory: Found(measure_epoch(directory)),
    "growth": lambda *_: Found(measure_growth()),
}


def measure_part(part: str, options: Options) -> Found:
    """Measure a part in a temporary directory.

    Args:
        part: key of MEASURE.
        options: how to measure.
    """
    with tempfile.TemporaryDirectory(dir=options.scratch) as directory:
        return MEASURE[part](options, Path(directory))
