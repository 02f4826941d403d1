"""`references.tsv` of a set: what is known of each reference."""

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
    """One line for each utterance after that of titles; `-` for what is not known.

    Args:
        ids: of the utterances.
        outcomes: of our references, with ids in the same order; none where they could not be made.
        distances: SI-SNR between ours and isolated_ext in dB, likewise.
        taken: the method where references are not ours, or none; the other columns tell of ours.
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
    """Function that gives the value of an id, asked for in the order of the pairs."""
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
