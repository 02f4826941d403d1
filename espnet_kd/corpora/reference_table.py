"""`references.tsv` of a set: what is known of each reference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from espnet_kd.corpora.subtraction import Outcome

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


def table_text(
    ids: Sequence[str],
    outcomes: Mapping[str, Outcome],
    distances: Mapping[str, float],
    taken: str | None,
) -> str:
    """One line for each utterance, sorted; `-` for what is not known.

    Args:
        ids: of the utterances.
        outcomes: of our references, by id; none where they could not be made.
        distances: SI-SNR between ours and isolated_ext in dB, by id.
        taken: the method where references are not ours, or none; the other columns tell of ours.
    """
    lines = ["\t".join(COLUMNS)]
    for utterance in sorted(ids):
        outcome = outcomes.get(utterance)
        values: dict[str, object] = {"id": utterance, "method": taken}
        if outcome is not None:
            values["problem"] = outcome.problem
            values["method"] = taken or outcome.method
            if outcome.measures is not None:
                values |= vars(outcome.measures)
        if utterance in distances:
            values["si_snr_to_isolated_ext"] = round(distances[utterance], 1)
        lines.append("\t".join(_cell(values.get(column)) for column in COLUMNS))
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    unknown = value is None or (isinstance(value, float) and math.isnan(value))
    return "-" if unknown else str(value)
