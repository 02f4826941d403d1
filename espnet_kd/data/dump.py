"""From data/<set> to dump/raw/<set>: length limits and speed-perturbed copies, no audio written."""

from __future__ import annotations

from collections.abc import Iterable

from espnet_kd.data.kaldi_dir import Tables
from espnet_kd.data.speed import perturbed_length


def within(tables: Tables, shortest: float, longest: float) -> Tables:
    """Utterances with more than `shortest` and fewer than `longest` samples (ESPnet's rule)."""
    lengths = tables["utt2num_samples"]
    kept = [utterance for utterance, n in lengths.items() if shortest < int(n) < longest]
    if len(kept) == len(lengths):
        return tables
    return {
        name: {utterance: table[utterance] for utterance in kept} for name, table in tables.items()
    }


def with_speeds(tables: Tables, factors: Iterable[float]) -> Tables:
    """One copy of each utterance for each factor; audio paths stay, `utt2speed` holds the factor.

    Ids of utterances and speakers get ESPnet's prefix `sp<factor>-` unless the factor is 1.
    """
    speeds = [("" if factor == 1 else f"sp{factor}-", factor, str(factor)) for factor in factors]
    copies = sorted((speed[0] + utt, utt, speed) for speed in speeds for utt in tables["wav.scp"])
    perturbed: Tables = {
        name: {new: table[old] for new, old, _ in copies} for name, table in tables.items()
    }
    for new, old, (prefix, factor, _) in copies:
        perturbed["utt2spk"][new] = prefix + tables["utt2spk"][old]
        length = int(tables["utt2num_samples"][old])
        perturbed["utt2num_samples"][new] = str(perturbed_length(length, factor))
    return {**perturbed, "utt2speed": {new: text for new, _, (_, _, text) in copies}}
