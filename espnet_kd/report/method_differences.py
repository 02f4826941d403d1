"""Compare methods with a control: average over seeds, then pair over utterances."""

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

    Differences are averaged over the seeds that both have. Differences of word errors are averaged
    in the same way and then divided by the number of words. A control without seeds is compared
    with each seed of a method. A difference is significant by Holm's test at 5 % over all methods
    and sets of one measure.

    Args:
        columns: columns of `score_columns`.
        methods: methods to compare.
        control: method or unseeded system to compare them with.
        members: method or control -> its systems, one per seed, in the same order of seeds.

    Returns:
        Comparisons in the order of methods, then of columns.
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
    """Return the uncorrected comparisons in one column and their p-values."""
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
    """Return pairs of systems with the same seed that were both scored."""
    theirs = list(theirs) * len(ours) if len(theirs) == 1 else theirs
    return [pair for pair in zip(ours, theirs, strict=True) if column.scored(pair) == list(pair)]
