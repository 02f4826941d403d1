"""Table 1: scores of enhanced speech, by system and set."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.report.comparison import Comparison
from espnet_kd.report.markdown import (
    GAP,
    in_order,
    interval_cell,
    set_title,
    system_title,
    table,
)
from espnet_kd.scoring.bootstrap import mean_interval
from espnet_kd.scoring.se_scores import SCORES_FILE, read_scores

Scores = dict[str, dict[str, float]]
SeResults = dict[str, dict[str, Scores]]


class Measure(NamedTuple):
    """How to show a column of `scores.tsv`: its title and number of decimal digits."""

    title: str
    digits: int


MEASURES = {
    "pesq_raw": Measure("PESQ", 2),
    "sdr": Measure("SDR [dB]", 2),
    "pesq": Measure("PESQ-WB", 2),
    "stoi": Measure("STOI [%]", 1),
    "si_snr": Measure("SI-SNR [dB]", 2),
}
# A control takes as many steps as the system before it, from the same initial weights.
PAIRS = (
    ("student", "baseline_continued"),
    ("teacher", "teacher_no_text"),
    ("teacher", "teacher_wrong_text"),
    ("student", "baseline"),
    ("teacher", "baseline"),
)
NOISY_PAIRS = tuple(
    (system, "noisy")
    for system in ("baseline", "baseline_continued", "teacher", "student", "pseudo_reference")
)


def load_se_results(root: str | os.PathLike) -> SeResults:
    """Read `<root>/<system>/<set>/scores.tsv`: set -> system -> utterance -> scores."""
    results: SeResults = {}
    for path in sorted(Path(root).glob(f"*/*/{SCORES_FILE}")):
        results.setdefault(path.parent.name, {})[path.parents[1].name] = read_scores(path)
    return results


def se_table(
    results: SeResults,
    sets: Sequence[str],
    metrics: Iterable[str],
    published: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
    without_reference: Collection[str] = (),
) -> str:
    """Return a table of the mean and 95 % interval of each metric.

    Args:
        results: results of `load_se_results`.
        sets: names of the sets to show as columns.
        metrics: columns of each set, by the names in `MEASURES`.
        published: system -> set -> metric -> mean, to add as rows.
        without_reference: sets to mark as "no reference" if they were not scored.
    """
    metrics = tuple(metrics)
    columns = [(name, metric) for name in sets if name in results for metric in metrics]
    bare = [name for name in sets if name not in results]
    header = ["SE model"]
    header += [f"{set_title(name)} {MEASURES[metric].title}" for name, metric in columns]
    header += [set_title(name) for name in bare]
    without_scores = ["no reference" if name in without_reference else GAP for name in bare]
    rows = []
    for system in in_order({system for name in sets for system in results.get(name, {})}):
        cells = [_cell(results[name].get(system), metric) for name, metric in columns]
        rows.append([system_title(system), *cells, *without_scores])
    for system, values in (published or {}).items():
        cells = [
            f"{values[name][metric]:.{MEASURES[metric].digits}f}"
            if metric in values.get(name, {})
            else GAP
            for name, metric in columns
        ]
        rows.append([f"*published: {system_title(system)}*", *cells, *[GAP for _ in bare]])
    return table(header, rows)


def undefined_scores(results: SeResults, sets: Iterable[str], metrics: Iterable[str]) -> list[str]:
    """Say how many utterances of which systems have no score; they are left out of the means.

    Args:
        results: results of `load_se_results`.
        sets: names of the sets in the table.
        metrics: columns of each set, by the names in `MEASURES`.

    Returns:
        A paragraph, or nothing if all scores are defined.
    """
    notes = []
    for metric, name in product(metrics, sets):
        counts = {
            system: f"{len(scores) - len(scores_of(scores, metric))} of {len(scores)}"
            for system, scores in results.get(name, {}).items()
            if len(scores) > len(scores_of(scores, metric))
        }
        title = MEASURES[metric].title.partition(" [")[0]
        notes += [
            f"no {title} on {set_title(name)} for {counts[system]} utterances "
            f"({system_title(system)})"
            for system in in_order(counts)
        ]
    return [f"Left out of the means: {'; '.join(notes)}."] if notes else []


def se_comparisons(
    results: SeResults,
    sets: Iterable[str],
    metrics: Iterable[str],
    pairs: Iterable[tuple[str, str]] = PAIRS,
) -> list[Comparison]:
    """Compare pairs of systems on the sets where both were scored."""
    comparisons = []
    for (system, other), name, metric in product(pairs, sets, metrics):
        if not {system, other} <= results.get(name, {}).keys():
            continue
        differences = _differences(name, results[name], system, other, metric)
        if not len(differences):
            continue
        title, digits = MEASURES[metric]
        interval = mean_interval(differences)
        comparisons.append(Comparison(system, other, name, title, interval, True, digits))
    return comparisons


def scores_of(scores: Scores, metric: str) -> np.ndarray:
    """Return the scores of a metric, without undefined ones (N,)."""
    values = np.array([values[metric] for values in scores.values()])
    return values[~np.isnan(values)]


def _cell(scores: Scores | None, metric: str) -> str:
    if scores is None:
        return GAP
    values = scores_of(scores, metric)
    return interval_cell(mean_interval(values), MEASURES[metric].digits) if len(values) else GAP


def _differences(
    name: str, systems: Mapping[str, Scores], system: str, other: str, metric: str
) -> np.ndarray:
    ours, theirs = systems[system], systems[other]
    if ours.keys() != theirs.keys():
        raise UserError(
            f"{system} and {other}",
            f"were scored on different utterances of {name}",
            "score both again",
        )
    pairs = [(ours[utterance][metric], theirs[utterance][metric]) for utterance in ours]
    return np.array([a - b for a, b in pairs if not (math.isnan(a) or math.isnan(b))])
