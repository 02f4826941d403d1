"""From data/<set> to dump/raw/<set>: length limits and speed-perturbed copies, no audio written."""

from __future__ import annotations

from collections.abc import Iterable

from espnet_kd.data.kaldi_dir import Tables
from espnet_kd.data.speed import perturbed_length


def within(tables: Tables, shortest: float, longest: float) -> Tables:
    """Utterances with more than `shortest` and fewer than `longest` samples (ESPnet's rule)."""
    lengths = tables["utt2num_samples"]
    kept = [utterance for utterance, n in lengths.items() if shortest < int(n) < longest]
    return {
        name: {utterance: table[utterance] for utterance in kept} for name, table in tables.items()
    }


def with_speeds(tables: Tables, factors: Iterable[float]) -> Tables:
    """One copy of each utterance for each factor; audio paths stay, `utt2speed` holds the factor.

    Ids of utterances and speakers get ESPnet's prefix `sp<factor>-` unless the factor is 1.
    """
    perturbed: Tables = {name: {} for name in (*tables, "utt2speed")}
    for factor in factors:
        prefix = "" if factor == 1 else f"sp{factor}-"
        for name, table in tables.items():
            copy = {f"{prefix}{utterance}": value for utterance, value in table.items()}
            if name == "utt2spk":
                copy = {utterance: f"{prefix}{speaker}" for utterance, speaker in copy.items()}
            elif name == "utt2num_samples":
                copy = {u: str(perturbed_length(int(n), factor)) for u, n in copy.items()}
            perturbed[name].update(copy)
        perturbed["utt2speed"].update({f"{prefix}{u}": str(factor) for u in tables["wav.scp"]})
    return {name: dict(sorted(table.items())) for name, table in perturbed.items()}
