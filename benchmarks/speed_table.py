"""Make the table of the comparison with stock ESPnet."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.timing import ratio_of
from espnet_kd.report.markdown import GAP, table

HEADER = ("work", "stock", "ours", "ratio", "target", "met", "share of matrix peak")
VERDICTS = {None: GAP, True: "yes", False: "**no**"}


@dataclass(frozen=True)
class Row:
    """One piece of work.

    Attributes:
        work: description of the work.
        stock: its cost with stock ESPnet, with the unit.
        ours: its cost with this project, with the unit.
        ratio: cost with stock divided by ours.
        target: what was to be reached.
        met: whether the target was met; None if there is none.
        share: share of the matrix peak.
    """

    work: str
    stock: str
    ours: str
    ratio: str = GAP
    target: str = GAP
    met: bool | None = None
    share: str = GAP


@dataclass(frozen=True)
class Target:
    """What has to be reached.

    Attributes:
        ratio: smallest ratio of stock's time to ours.
        share: smallest share of the matrix peak; 0 if the share is only reported.
    """

    ratio: float
    share: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.ratio:g}x, {self.share:.0%} of the peak" if self.share else f"{self.ratio:g}x"
        )


def time_row(
    work: str,
    stock: Sequence[float],
    ours: Sequence[float],
    target: Target | None,
    share: float | None = None,
) -> Row:
    """Compare times and return the row.

    Args:
        work: description of the work.
        stock: seconds of each round with stock.
        ours: seconds of each round with ours.
        target: None if there is no target.
        share: share of the matrix peak, if it is reported.
    """
    ratio = ratio_of(stock, ours)
    met = None
    if target is not None:
        met = ratio.value >= target.ratio and (share or 0.0) >= target.share
    return Row(
        work,
        seconds_cell(stock),
        seconds_cell(ours),
        str(ratio),
        str(target or GAP),
        met,
        GAP if share is None else f"{share:.0%}",
    )


def seconds_cell(times: Sequence[float]) -> str:
    """Return the median of seconds as text, e.g. `2.31 s`."""
    return f"{statistics.median(times):.3g} s"


def memory_row(work: str, stock: float | None, ours: float | None) -> Row:
    """Compare megabytes and return the row; None is unknown."""
    ratio = GAP if stock is None or ours is None else f"{stock / ours:.2f}"
    return Row(work, *(GAP if size is None else f"{size:.0f} MB" for size in (stock, ours)), ratio)


def speed_table(rows: Iterable[Row]) -> str:
    """Return a Markdown table of the rows."""
    cells = [
        (row.work, row.stock, row.ours, row.ratio, row.target, VERDICTS[row.met], row.share)
        for row in rows
    ]
    return table(HEADER, cells)
