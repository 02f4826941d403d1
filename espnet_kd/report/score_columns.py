"""One measure on one set, for every system on the very same utterances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.report.se_tables import MEASURES, SeResults
from espnet_kd.report.wer_tables import WerResults


@dataclass(frozen=True)
class Column:
    """A measure on a set: sum of `parts` over sum of `weights` for each system.

    Attributes:
        set_name: the set.
        measure: name and unit of the measure.
        digits: digits after the point.
        higher_is_better: direction of the measure.
        weights: of each utterance (N,): 1 for a score, its words for a WER.
        parts: system -> its score, or 100 times its errors, in each utterance (N,).
        undefined: utterances left out, for every system, because one of them has no score there.
    """

    set_name: str
    measure: str
    digits: int
    higher_is_better: bool
    weights: np.ndarray
    parts: Mapping[str, np.ndarray]
    undefined: int = 0

    def value(self, system: str) -> float:
        """Mean score or WER of a system that was scored; NaN if no utterance is left."""
        return float(self.parts[system].sum() / self.weights.sum()) if self.weights.size else np.nan

    def scored(self, systems: Sequence[str]) -> list[str]:
        """Those of the systems that were scored."""
        return [system for system in systems if system in self.parts]

    def mean_difference(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Mean over pairs of systems of first minus second, in each utterance (N,)."""
        return np.mean([self.parts[ours] - self.parts[theirs] for ours, theirs in pairs], axis=0)


def se_columns(
    results: SeResults, sets: Sequence[str], metrics: Sequence[str], systems: Sequence[str]
) -> list[Column]:
    """Columns of speech-enhancement scores; sets without any score give none.

    Args:
        results: of `load_se_results`.
        sets: which sets, in order.
        metrics: which scores, by their names in `MEASURES`.
        systems: which systems.

    Raises:
        UserError: systems were scored on different utterances of a set.
    """
    columns = []
    for name in sets:
        scores = _chosen(results.get(name, {}), systems)
        utterances = _shared(name, {s: dict.fromkeys(scores[s], 1) for s in scores})
        for metric in metrics if scores else ():
            rows = np.array([[scores[s][utt][metric] for utt in utterances] for s in scores])
            defined = ~np.isnan(rows).any(0)
            parts = dict(zip(scores, rows[:, defined], strict=True))
            weights, undefined = np.ones(int(defined.sum())), int((~defined).sum())
            title, digits = MEASURES[metric]
            columns.append(Column(name, title, digits, True, weights, parts, undefined))
    return columns


def wer_columns(results: WerResults, sets: Sequence[str], systems: Sequence[str]) -> list[Column]:
    """Columns of word error rates; arguments and errors as `se_columns`."""
    columns = []
    for name in sets:
        counts = _chosen(results.get(name, {}), systems)
        words = _shared(name, {s: {u: c.tokens for u, c in counts[s].items()} for s in counts})
        if counts:
            parts = {s: np.array([100.0 * counts[s][utt].errors for utt in words]) for s in counts}
            weights = np.array(list(words.values()), dtype=np.float64)
            columns.append(Column(name, "WER [%]", 1, False, weights, parts))
    return columns


def _chosen(by_system: Mapping[str, dict], systems: Sequence[str]) -> dict[str, dict]:
    return {system: by_system[system] for system in systems if system in by_system}


def _shared(name: str, weights: Mapping[str, dict[str, int]]) -> dict[str, int]:
    """Weights of the utterances of a set, which must be the same for all systems."""
    systems = list(weights)
    for system in systems[1:]:
        if weights[system] != weights[systems[0]]:
            raise UserError(
                f"{system} and {systems[0]}",
                f"were scored on different utterances or texts of {name}",
                "score both again",
            )
    return weights[systems[0]] if systems else {}
