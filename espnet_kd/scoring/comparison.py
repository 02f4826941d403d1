"""Say in words which of two systems is better, from the numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from espnet_kd.scoring.bootstrap import Interval
from espnet_kd.scoring.markdown import difference_cell, set_title, system_title, table

BETTER, WORSE, OPEN = "better", "worse", "no difference shown"


@dataclass(frozen=True)
class Comparison:
    """One measure of two systems on one set.

    Attributes:
        system: the system in question.
        other: what it is held against.
        set_name: the set.
        measure: name and unit of the measure.
        difference: `system` minus `other`, paired over utterances.
        higher_is_better: direction of the measure.
        digits: digits after the point.
    """

    system: str
    other: str
    set_name: str
    measure: str
    difference: Interval
    higher_is_better: bool
    digits: int

    @property
    def verdict(self) -> str:
        """`better` or `worse` if the interval excludes no difference, else neither."""
        if not self.difference.excludes_zero:
            return OPEN
        return BETTER if (self.difference.value > 0) == self.higher_is_better else WORSE


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """One row for each comparison."""
    return table(
        ("comparison", "set", "measure", "difference [95 %]", "verdict"),
        [
            (
                f"{system_title(c.system)} − {system_title(c.other)}",
                set_title(c.set_name),
                c.measure,
                difference_cell(c.difference, c.digits),
                f"**{c.verdict}**",
            )
            for c in comparisons
        ],
    )


def in_words(comparisons: Sequence[Comparison]) -> str:
    """One list item for each pair of systems: what it wins, loses, and leaves open."""
    pairs = dict.fromkeys((c.system, c.other) for c in comparisons)
    return "\n".join(
        _sentence([c for c in comparisons if (c.system, c.other) == pair]) for pair in pairs
    )


def _sentence(comparisons: Sequence[Comparison]) -> str:
    system, other = (system_title(name) for name in (comparisons[0].system, comparisons[0].other))
    found = {verdict: [] for verdict in (BETTER, WORSE, OPEN)}
    for comparison in comparisons:
        found[comparison.verdict].append(f"{set_title(comparison.set_name)} {comparison.measure}")
    if found[BETTER] and not found[WORSE] and not found[OPEN]:
        head = "is better in every comparison"
    elif found[BETTER]:
        head = "is better in some comparisons, not in all"
    elif found[WORSE]:
        head = "**loses**: it is better nowhere"
    else:
        head = "shows **no gain**: no difference is significant"
    details = "; ".join(f"{verdict}: {', '.join(what)}" for verdict, what in found.items() if what)
    return f"- {system} against {other}: {head} ({details})."
