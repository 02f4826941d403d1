"""Methods against a control: averaged over seeds, then paired over utterances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from espnet_kd.report.comparison import Comparison
from espnet_kd.report.score_columns import Column
from espnet_kd.scoring.bootstrap import ratio_tests
from espnet_kd.scoring.holm import holm


def against_control(
    columns: Sequence[Column],
    methods: Sequence[str],
    control: str,
    members: Mapping[str, Sequence[str]],
) -> list[Comparison]:
    """Compare each method with a control, in each column where both have scores.

    Differences are averaged over the seeds that both have; those of errors of recognition likewise,
    and then divided by the words. A control without seeds stands against each. Significance is
    Holm's at 5 % among all methods and sets of one measure.

    Args:
        columns: of `score_columns`.
        methods: what is compared.
        control: what it is held against.
        members: method or control -> its systems, by the same seeds.

    Returns:
        By method, then by column.
    """
    pairs = [pair for c in columns for pair in _tests(c, methods, control, members)]
    families: dict[str, list[int]] = {}
    for index, (comparison, _) in enumerate(pairs):
        families.setdefault(comparison.measure, []).append(index)
    significant = {
        index: verdict
        for family in families.values()
        for index, verdict in zip(family, holm([pairs[i][1] for i in family]), strict=True)
    }
    comparisons = [replace(c, significant=significant[i]) for i, (c, _) in enumerate(pairs)]
    return sorted(comparisons, key=lambda comparison: methods.index(comparison.system))


def _tests(
    column: Column, methods: Sequence[str], control: str, members: Mapping[str, Sequence[str]]
) -> list[tuple[Comparison, float]]:
    """Comparisons by one column, not yet corrected, and their p values."""
    pairs = {name: _same_seeds(column, members[name], members[control]) for name in methods}
    present = [name for name in methods if pairs[name]]
    if not (present and column.weights.size):
        return []
    differences = [column.mean_difference(pairs[name]) for name in present]
    tests = ratio_tests(np.stack(differences, 1), column.weights)
    return [
        (
            Comparison(
                name,
                control,
                column.set_name,
                column.measure,
                test.interval,
                column.higher_is_better,
                column.digits,
            ),
            test.p_value,
        )
        for name, test in zip(present, tests, strict=True)
    ]


def _same_seeds(
    column: Column, ours: Sequence[str], theirs: Sequence[str]
) -> list[tuple[str, str]]:
    """Pairs of systems of one seed that were both scored."""
    theirs = list(theirs) * len(ours) if len(theirs) == 1 else theirs
    return [pair for pair in zip(ours, theirs, strict=True) if column.scored(pair) == list(pair)]
