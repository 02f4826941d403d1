"""Exchange transcripts between utterances: the wrong-text control for text-informed models."""

from __future__ import annotations

import os
from collections.abc import Mapping

from espnet_kd.errors import UserError

NEIGHBORS = 8  # candidates of similar length; the one with the least similar words is taken


def exchanged_text(
    text: Mapping[str, str], num_samples: Mapping[str, int], source: str | os.PathLike
) -> dict[str, str]:
    """Give each utterance the transcript of another utterance: similar length, different words.

    Among the `NEIGHBORS` transcripts nearest in duration, the one that shares the smallest
    fraction of words (intersection over union) is taken; ties go to the nearest in duration. The
    result is deterministic.

    Args:
        text: transcript by utterance id.
        num_samples: length in samples by utterance id.
        source: file to name in errors.

    Raises:
        UserError: all transcripts are the same.
    """
    order = sorted(text, key=lambda utterance: (num_samples[utterance], utterance))
    words = {transcript: set(transcript.split()) for transcript in text.values()}
    if len(words) < 2:
        raise UserError(
            source,
            f"all {len(order)} transcripts are the same",
            "add an utterance with different words",
        )
    exchanged = {}
    for position, utterance in enumerate(order):
        own = words[text[utterance]]
        candidates = _nearest(order, position, text, num_samples)
        exchanged[utterance] = min(
            candidates,
            key=lambda transcript: len(own & words[transcript]) / len(own | words[transcript]),
        )
    return exchanged


def _nearest(
    order: list[str], position: int, text: Mapping[str, str], num_samples: Mapping[str, int]
) -> list[str]:
    """Return other transcripts around `position` in the list sorted by length, nearest first."""
    own, length = text[order[position]], num_samples[order[position]]
    low, high = position - 1, position + 1
    found: dict[str, None] = {}
    while len(found) < NEIGHBORS and (low >= 0 or high < len(order)):
        below = length - num_samples[order[low]] if low >= 0 else float("inf")
        above = num_samples[order[high]] - length if high < len(order) else float("inf")
        if below <= above:
            candidate, low = order[low], low - 1
        else:
            candidate, high = order[high], high + 1
        if text[candidate] != own:
            found[text[candidate]] = None
    return list(found)
