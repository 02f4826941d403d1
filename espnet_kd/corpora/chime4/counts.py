"""Table of the number of utterances in each set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence


def counts_table(counts: Mapping[str, Counter], hours: Mapping[str, float]) -> str:
    """Return utterances by set and environment, and hours by set, as aligned text.

    Args:
        counts: number of utterances by environment, for each set.
        hours: duration of each set.
    """
    environments = sorted(set().union(*counts.values()))
    rows = [["set", *environments, "all", "hours"]]
    for name, count in counts.items():
        cells = [str(count[environment] or "-") for environment in environments]
        rows.append([name, *cells, str(count.total()), f"{hours[name]:.2f}"])
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a table as text: the first `left` columns left-aligned, the others right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
