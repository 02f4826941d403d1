"""Find silence in recordings: whole files, and long stretches as a lost connection leaves them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from espnet_kd.data.audio import SAMPLE_RATE, read_samples
from espnet_kd.errors import UserError

LONG = SAMPLE_RATE  # samples; speakers pause for less, and a microphone is never silent


@dataclass(frozen=True)
class Scan:
    """What was found in a recording.

    Attributes:
        length: number of samples.
        start: first sample of the longest stretch of equal samples.
        silent: length of that stretch.
    """

    length: int
    start: int = 0
    silent: int = 0


def scan_samples(path: str | os.PathLike) -> Scan:
    """Read all samples of a recording.

    Raises:
        UserError: see `read_samples`; all samples are zero, or equal.
    """
    samples = read_samples(path)
    changes = np.flatnonzero(samples[1:] != samples[:-1]) + 1
    borders = np.concatenate([[0], changes, [len(samples)]])
    lengths = np.diff(borders)
    longest = int(lengths.argmax())
    if lengths[longest] == len(samples):
        problem = f"all {len(samples)} samples are {samples[0]}, so it is silent"
        raise UserError(path, problem, "restore it or leave it out")
    return Scan(len(samples), int(borders[longest]), int(lengths[longest]))


def report_silence(title: str, found: Sequence[tuple[str, Scan]]) -> None:
    """Print a warning about the recordings of a set that are silent for `LONG`, if any are."""
    if not found:
        return
    path, scan = max(found, key=lambda pair: pair[1].silent)
    begin, end = (place / SAMPLE_RATE for place in (scan.start, scan.start + scan.silent))
    print(
        f"warning: {title}: {len(found)} recordings are silent for {LONG / SAMPLE_RATE:g} s or "
        f"longer; the longest silence is from {begin:.1f} to {end:.1f} s of {path}",
        file=sys.stderr,
    )
