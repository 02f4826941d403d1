"""Find the failing microphones of the recorded training set."""

from __future__ import annotations

import os
from itertools import chain

from espnet_kd.corpora.chime4.microphones import (
    failing_by_correlation,
    failing_by_level,
    stored_levels,
)
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import CHANNELS, Utterance, parse_channels, training_set


def failing_microphones(
    tree: Chime4Tree, store: str | os.PathLike, nj: int
) -> dict[tuple[str, int], str]:
    """Return the failing microphones of tr05_real, by utterance name and channel, and why.

    `mic_error.csv` decides for the utterances that it names. For all others, the levels of CH1 to
    CH6 decide, whichever of these channels are used for training.

    Args:
        tree: the corpus.
        store: file that keeps measured levels for the next run; see `stored_levels`.
        nj: number of processes.

    Raises:
        UserError: the table is malformed, or a recording cannot be read.
    """
    correlations = tree.microphone_correlations or {}
    by_list = (
        (u.name, failing_by_correlation(correlations[u.name]))
        for u in training_set(tree, "real", [1])
        if u.name in correlations
    )
    channels = parse_channels(CHANNELS)
    others = [u for u in training_set(tree, "real", channels) if u.name not in correlations]
    by_level = (
        (name, failing_by_level(levels)) for name, levels in _levels(others, store, nj).items()
    )
    return {
        (name, channel): reason
        for name, failing in chain(by_list, by_level)
        for channel, reason in failing.items()
    }


def _levels(
    utterances: list[Utterance], store: str | os.PathLike, nj: int
) -> dict[str, dict[int, float]]:
    # Missing files are not judged here: the caller rejects them or leaves them out.
    files = {u.id: u.wav for u in utterances if os.path.exists(u.wav)}
    levels = stored_levels(files, store, nj, "tr05_real levels")
    grouped: dict[str, dict[int, float]] = {}
    for u in utterances:
        if u.id in levels:
            grouped.setdefault(u.name, {})[u.channel] = levels[u.id]
    return grouped
