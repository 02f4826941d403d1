"""Table of the pseudo-references that a teacher produced."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.report.markdown import table

HEADER = (
    "set",
    "usable",
    "left out",
    "hours",
    "level relative to the mixture [dB]: median",
    "5 %",
    "95 %",
)


def pseudo_table(directories: Iterable[str]) -> str:
    """Return a table with one row for each directory of `table.tsv` and `excluded.tsv`."""
    return table(HEADER, [_row(Path(directory)) for directory in directories])


def _row(directory: Path) -> list[str]:
    excluded = {line["utterance"] for line in _read(directory / "excluded.tsv")}
    usable = [line for line in _read(directory / "table.tsv") if line["utterance"] not in excluded]
    hours = sum(float(line["seconds"]) for line in usable) / 3600
    ratios = [float(line["energy_ratio_db"]) for line in usable]
    levels = np.percentile(ratios, (50, 5, 95)) if ratios else [np.nan] * 3
    return [
        directory.name,
        str(len(usable)),
        str(len(excluded)),
        f"{hours:.2f}",
        *(f"{level:+.1f}" for level in levels),
    ]


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        raise UserError(path, "does not exist", "create the pseudo-references")
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
