"""Columns of scores: one measure on one set, with the same utterances for every system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.report.se_tables import MEASURES, SeResults
from espnet_kd.report.wer_tables import WerResults

WER = "WER [%]"


@dataclass(frozen=True)
class Column:
    """A measure on a set. Each system has the value sum(`parts`) / sum(`weights`).

    Attributes:
        set_name: name of the set.
        measure: name and unit of the measure.
        digits: number of digits after the decimal point.
        higher_is_better: whether a higher value of the measure is better.
        weights: weight of each utterance (N,): 1 for a score, the number of words for a WER.
        parts: system -> its score, or 100 times its errors, in each utterance (N,).
        undefined: number of utterances left out for every system because at least one system has
            no score for them.
    """

    set_name: str
    measure: str
    digits: int
    higher_is_better: bool
    weights: np.ndarray
    parts: Mapping[str, np.ndarray]
    undefined: int = 0

    def value(self, system: str) -> float:
        """Return the mean score or WER of a scored system; NaN if no utterance is left."""
        if not self.weights.size:
            return np.nan
        parts, weights = float(self.parts[system].sum()), float(self.weights.sum())
        # Errors / words * 100 in this order, so that a WER is rounded as sclite rounds it.
        return parts / 100 / weights * 100 if self.measure == WER else parts / weights

    def scored(self, systems: Sequence[str]) -> list[str]:
        """Return those of the given systems that were scored."""
        return [system for system in systems if system in self.parts]

    def mean_difference(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Return the difference of two systems in each utterance, averaged over pairs (N,)."""
        return np.mean([self.parts[ours] - self.parts[theirs] for ours, theirs in pairs], axis=0)


def se_columns(
    results: SeResults, sets: Sequence[str], metrics: Sequence[str], systems: Sequence[str]
) -> list[Column]:
    """Return columns of speech-enhancement scores, without the sets that have no scores.

    Args:
        results: results of `load_se_results`.
        sets: sets to show, in order.
        metrics: scores to show, by their names in `MEASURES`.
        systems: systems to show.

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
    """Return columns of word error rates; for arguments and errors, see `se_columns`."""
    columns = []
    for name in sets:
        counts = _chosen(results.get(name, {}), systems)
        words = _shared(name, {s: {u: c.tokens for u, c in counts[s].items()} for s in counts})
        if counts:
            parts = {s: np.array([100.0 * counts[s][utt].errors for utt in words]) for s in counts}
            weights = np.array(list(words.values()), dtype=np.float64)
            columns.append(Column(name, WER, 1, False, weights, parts))
    return columns


def _chosen(by_system: Mapping[str, dict], systems: Sequence[str]) -> dict[str, dict]:
    return {system: by_system[system] for system in systems if system in by_system}


def _shared(name: str, weights: Mapping[str, dict[str, int]]) -> dict[str, int]:
    """Return the weights of the utterances of a set; check that all systems have the same."""
    systems = list(weights)
    for system in systems[1:]:
        if weights[system] != weights[systems[0]]:
            raise UserError(
                f"{system} and {systems[0]}",
                f"were scored on different utterances or texts of {name}",
                "score both again",
            )
    return weights[systems[0]] if systems else {}
