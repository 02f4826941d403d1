"""State which of two systems is better, in tables and in words, from the numbers alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from espnet_kd.report.markdown import GAP, difference_cell, set_title, system_title, table
from espnet_kd.scoring.bootstrap import Interval

BETTER, WORSE, OPEN = "better", "worse", "no difference shown"


@dataclass(frozen=True)
class Comparison:
    """The difference between two systems in one measure on one set.

    Attributes:
        system: the system to judge.
        other: the system it is compared with.
        set_name: name of the set.
        measure: name and unit of the measure.
        difference: `system` minus `other`, paired over utterances.
        higher_is_better: whether a higher value of the measure is better.
        digits: number of digits after the decimal point.
        significant: whether the difference is significant after a correction for multiple
            comparisons; None without a correction, in which case the interval decides.
    """

    system: str
    other: str
    set_name: str
    measure: str
    difference: Interval
    higher_is_better: bool
    digits: int
    significant: bool | None = None

    @property
    def verdict(self) -> str:
        """`better` or `worse` if the difference is significant, else `no difference shown`."""
        alone = self.significant is None
        if not (self.difference.excludes_zero if alone else self.significant):
            return OPEN
        return BETTER if (self.difference.value > 0) == self.higher_is_better else WORSE


def comparison_table(
    comparisons: Sequence[Comparison], marks: Mapping[str, str] | None = None
) -> str:
    """Return a table of differences with their intervals.

    The table has a column for each measure, or, if there is only one measure, for each set.

    Args:
        comparisons: comparisons to show.
        marks: verdict -> text to show in place of the verdict.
    """
    marks = marks or {}
    one_measure = len({c.measure for c in comparisons}) == 1
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for c in comparisons:
        pair = f"{system_title(c.system)} − {system_title(c.other)}"
        name = set_title(c.set_name)
        key, column = ((pair, c.measure), name) if one_measure else ((pair, name), c.measure)
        mark = marks.get(c.verdict, c.verdict)
        cell = f"{difference_cell(c.difference, c.digits)} {mark}".rstrip()
        rows.setdefault(key, {})[column] = cell
    columns = list(dict.fromkeys(column for cells in rows.values() for column in cells))
    return table(
        ("difference", "measure" if one_measure else "set", *columns),
        [(*key, *(cells.get(column, GAP) for column in columns)) for key, cells in rows.items()],
    )


def in_words(comparisons: Sequence[Comparison]) -> str:
    """Summarize each pair of systems in one list item: better, worse, and undecided measures."""
    pairs = dict.fromkeys((c.system, c.other) for c in comparisons)
    return "\n".join(
        _sentence([c for c in comparisons if (c.system, c.other) == pair]) for pair in pairs
    )


def _sentence(comparisons: Sequence[Comparison]) -> str:
    system, other = (system_title(name) for name in (comparisons[0].system, comparisons[0].other))
    found: dict[str, list[tuple[str, str]]] = {BETTER: [], WORSE: [], OPEN: []}
    for comparison in comparisons:
        found[comparison.verdict].append((comparison.measure, comparison.set_name))
    if len(found[BETTER]) == len(comparisons):
        measures = {c.measure.partition(" [")[0] for c in comparisons}
        every = f"{measures.pop()} on every set" if len(measures) == 1 else "every comparison"
        return f"- {system} is better than {other} in {every}."
    if found[BETTER]:
        head = f"{system} is better than {other} in some comparisons, **not in all**"
    elif found[WORSE]:
        head = f"{system} **loses** to {other} and is never better"
    else:
        head = f"{system} shows **no gain** over {other}"
    details = "; ".join(
        f"{verdict}: {measures_on_sets(what)}" for verdict, what in found.items() if what
    )
    return f"- {head} ({details})."


def measures_on_sets(found: Iterable[tuple[str, str]]) -> str:
    """List measures and sets, as in `PESQ, SDR on dt05 simu, et05 simu and STOI on dt05 simu`.

    Args:
        found: pairs of measure and set name.
    """
    sets: dict[str, list[str]] = {}
    for measure, name in found:
        sets.setdefault(measure.partition(" [")[0], []).append(set_title(name))
    measures: dict[str, list[str]] = {}
    for measure, names in sets.items():
        measures.setdefault(", ".join(names), []).append(measure)
    return " and ".join(f"{', '.join(which)} on {where}" for where, which in measures.items())
