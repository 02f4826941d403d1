"""How many utterances each set holds, as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


def counts_table(counts: Mapping[str, Counter], hours: Mapping[str, float]) -> str:
    """Utterances by set and environment, and hours by set, as aligned text.

    Args:
        counts: utterances by environment, by set.
        hours: duration by set.
    """
    environments = sorted(set().union(*counts.values()))
    rows = [["set", *environments, "all", "hours"]]
    for name, count in counts.items():
        cells = [str(count[environment] or "-") for environment in environments]
        rows.append([name, *cells, str(count.total()), f"{hours[name]:.2f}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return "\n".join(lines)
