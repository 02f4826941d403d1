"""Find failing microphones of a recording by CHiME-4's `mic_error.csv` or by their levels."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from espnet_kd.data.audio import read_any_samples
from espnet_kd.data.parallel import parallel_map
from espnet_kd.data.waves import FULL_SCALE
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, read_lines, write_columns
from espnet_kd.origin import stamp

WORKING_CORRELATION = 0.8  # ESPnet keeps channels whose value in mic_error.csv is above this
# A channel fails if it is this far below the loudest one of its utterance, as in CHiME-3's
# simulation. Our interpretation: power is measured over the whole utterance, and the loudest
# channel is one of CH1 to CH6.
LEVEL_RANGE = 20.0  # dB


def read_correlations(path: str | os.PathLike) -> dict[str, tuple[float, ...]]:
    """Read `mic_error.csv`: six values, for CH1 to CH6, by utterance name.

    The file has a line of titles, then lines with a name, such as `F02_011C0204_STR`, and its
    values; public programs that use the file read it this way. If a name appears twice, the lower
    value of each channel counts.

    Raises:
        UserError: the file is unreadable, or a line does not have six numbers.
    """
    values: dict[str, tuple[float, ...]] = {}
    for row in filter(None, islice(csv.reader(read_lines(path)), 1, None)):
        try:
            utterance, six = Path(row[0].strip()).name, tuple(map(float, row[1:]))
            if len(six) != 6:
                raise ValueError
        except ValueError:
            raise UserError(
                path, f"line '{','.join(row)}' does not have six numbers", "restore the file"
            ) from None
        name = utterance.removesuffix(".wav")
        values[name] = tuple(map(min, values.get(name, six), six))
    return values


def failing_by_correlation(values: tuple[float, ...]) -> dict[int, str]:
    """Return failing channels and why they fail, from the six values in `mic_error.csv`."""
    return {
        channel: f"{value:g} in mic_error.csv"
        for channel, value in enumerate(values, 1)
        if not value > WORKING_CORRELATION  # a NaN fails
    }


def failing_by_level(levels: Mapping[int, float]) -> dict[int, str]:
    """Return the failing channels of an utterance and why they fail.

    Args:
        levels: level in dB by channel; -inf for a channel without a signal.
    """
    loudest = max(levels.values())
    return {
        channel: f"{loudest - level:.1f} dB below the loudest channel"
        for channel, level in levels.items()
        if level < loudest - LEVEL_RANGE
    }


def level(path: str | os.PathLike) -> float:
    """Return the mean power of a recording in dB re full scale; -inf if all samples are zero.

    Raises:
        UserError: as `read_any_samples`.
    """
    power = np.mean(np.square(read_any_samples(path) / FULL_SCALE))
    return float(10 * np.log10(power)) if power else -np.inf


def stored_levels(
    files: Mapping[str, Path], store: str | os.PathLike, nj: int, title: str
) -> dict[str, float]:
    """Return the level of each recording; measure only what `store` does not have.

    Args:
        files: recordings by name; names have no spaces.
        store: file with the levels of earlier runs, to which new ones are added. Each line has a
            name, the stamp of the recording, and its level. A recording with another stamp is
            measured again.
        nj: number of processes.
        title: title of the progress line.

    Raises:
        UserError: a recording cannot be read.
    """
    store = Path(store)
    lines = read_columns(store) if store.exists() else {}
    stamps = {name: stamp(path) for name, path in files.items()}
    fresh = [name for name, now in stamps.items() if lines.get(name, "").split()[:-1] != [now]]
    measured = parallel_map(level, [files[name] for name in fresh], nj, title, chunk=64)
    for name, value in zip(fresh, measured, strict=True):
        lines[name] = f"{stamps[name]} {value:.2f}"
    if fresh:
        write_columns(store, lines)
    return {name: float(lines[name].split()[-1]) for name in files}
