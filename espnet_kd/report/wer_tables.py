"""Tables 2 and 3: error rates, by recognizer, system and set."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

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
from espnet_kd.report.set_names import SetNames
from espnet_kd.rounding import percent
from espnet_kd.scoring.align import Counts, total
from espnet_kd.scoring.bootstrap import Interval, ratio_interval
from espnet_kd.scoring.sclite_table import NUMBERS, Row
from espnet_kd.scoring.wer import COUNTS_FILE, read_counts

# set -> system -> utterance -> counts
WerResults = dict[str, dict[str, dict[str, Counts]]]

PAIRS = (
    ("student", "baseline_continued"),
    ("student", "baseline"),
    ("baseline", "noisy"),
    ("student", "noisy"),
    ("baseline_oa", "noisy"),
    ("student_oa", "noisy"),
    ("student_oa", "baseline_continued_oa"),
)


def load_wer_results(root: str | os.PathLike, asr: str, unit: str = "wer") -> WerResults:
    """Read `<root>/<asr>/<system>/<set>/<unit>/counts.tsv`; `unit` is `wer` or `cer`."""
    results: WerResults = {}
    for path in sorted(Path(root).glob(f"{asr}/*/*/{unit}/{COUNTS_FILE}")):
        results.setdefault(path.parents[1].name, {})[path.parents[2].name] = read_counts(path)
    return results


def wer_table(results: WerResults, names: SetNames) -> str:
    """Return a table of WER in % with 95 % intervals; sets without scores are gaps."""
    sets = [*names.noisy, *(name for name in names.clean if name in results)]
    systems = in_order({system for name in sets for system in results.get(name, {})})
    return table(
        ["ASR input", *map(set_title, sets)],
        [
            [system_title(system), *(_cell(results.get(name, {}).get(system)) for name in sets)]
            for system in systems
        ],
    )


def sclite_rows(results: WerResults) -> str:
    """Return a table in ESPnet's format, with one row for each system and set."""
    rows = []
    for system in in_order({system for systems in results.values() for system in systems}):
        for name in sorted(results):
            if system in results[name]:
                row = Row.of(results[name][system].values())
                sizes = (str(row.sentences), str(row.counts.tokens))
                rows.append([f"{system}/{name}", *sizes, *row.percentages()])
    return table(["dataset", "Snt", "Wrd", *NUMBERS], rows)


def wer_comparisons(results: WerResults, sets: Sequence[str]) -> list[Comparison]:
    """Compare the systems in `PAIRS` on the sets where both were scored."""
    return [
        Comparison(
            system,
            other,
            name,
            "WER [%]",
            _difference(name, results[name], system, other),
            higher_is_better=False,
            digits=1,
        )
        for system, other in PAIRS
        for name in sets
        if {system, other} <= results.get(name, {}).keys()
    ]


def _cell(counts: Mapping[str, Counts] | None) -> str:
    if not counts:
        return GAP
    errors = np.array([100 * c.errors for c in counts.values()])
    interval = ratio_interval(errors, np.array([c.tokens for c in counts.values()]))
    everything = total(counts.values())
    # The value in sclite's arithmetic, so that it is rounded like that in the other tables.
    return interval_cell(replace(interval, value=percent(everything.errors, everything.tokens)), 1)


def _difference(
    name: str, systems: Mapping[str, Mapping[str, Counts]], system: str, other: str
) -> Interval:
    ours, theirs = systems[system], systems[other]
    if {utt: c.tokens for utt, c in ours.items()} != {utt: c.tokens for utt, c in theirs.items()}:
        raise UserError(
            f"{system} and {other}", f"were scored on different texts of {name}", "score both again"
        )
    errors = np.array([100 * (ours[utt].errors - theirs[utt].errors) for utt in ours])
    return ratio_interval(errors, np.array([c.tokens for c in ours.values()]))
