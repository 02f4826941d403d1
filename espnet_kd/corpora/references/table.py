"""The table `references.tsv` of a set, with what is known about each reference."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from espnet_kd.corpora.references.subtraction import Outcome

Value = TypeVar("Value")

COLUMNS = (
    "id",
    "method",
    "residual_db",
    "limit_db",
    "clipped",
    "offset",
    "noise_weight",
    "correlation",
    "si_snr_to_isolated_ext",
    "problem",
)


def table_lines(
    ids: Iterable[str],
    outcomes: Iterable[tuple[str, Outcome]],
    distances: Iterable[tuple[str, float]],
    taken: str | None,
) -> Iterator[str]:
    """Yield a line of titles, then one line per utterance; `-` marks what is unknown.

    Args:
        ids: utterance ids.
        outcomes: ids and outcomes of our references, in the order of `ids`; some may be missing.
        distances: ids and SI-SNR in dB between our reference and isolated_ext, likewise.
        taken: the method if the set uses references other than ours, or none; else None. The other
            columns always describe our references.
    """
    yield "\t".join(COLUMNS)
    outcome_of, distance_of = _finder(outcomes), _finder(distances)
    for utterance in ids:
        outcome, distance = outcome_of(utterance), distance_of(utterance)
        values: dict[str, object] = {"id": utterance, "method": taken}
        if outcome is not None:
            values["problem"] = outcome.problem
            values["method"] = taken or outcome.method
            if outcome.measures is not None:
                values |= vars(outcome.measures)
        if distance is not None:
            values["si_snr_to_isolated_ext"] = round(distance, 1)
        yield "\t".join(_cell(values.get(column)) for column in COLUMNS)


def _finder(pairs: Iterable[tuple[str, Value]]) -> Callable[[str], Value | None]:
    """Return a function that finds the value of an id; call it in the order of the pairs."""
    pairs = iter(pairs)
    head = next(pairs, None)

    def find(utterance: str) -> Value | None:
        nonlocal head
        if head is None or head[0] != utterance:
            return None
        value, head = head[1], next(pairs, None)
        return value

    return find


def _cell(value: object) -> str:
    unknown = value is None or (isinstance(value, float) and math.isnan(value))
    return "-" if unknown else str(value)
