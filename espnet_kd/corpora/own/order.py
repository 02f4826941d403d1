"""Give recordings ids that sort like their speakers, as Kaldi's scripts require."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from espnet_kd.corpora.own.recordings import Recording
from espnet_kd.errors import UserError


def ordered_ids(recordings: Sequence[Recording]) -> list[Recording]:
    """Return the recordings, with new ids if the given ones do not sort like their speakers.

    "p1_a" of p1 sorts after "p10_a" of p10, but "p1-p1_a" sorts before "p10-p10_a". All recordings
    are considered together, because later stages join sets.

    Raises:
        UserError: the ids do not sort like the speakers even then, as with speakers p1 and p1-a.
    """
    recordings = list(recordings)
    if not (wrong := _unordered(recordings)):
        return recordings
    renamed = [
        r if r.name.startswith(f"{r.speaker}-") else replace(r, name=f"{r.speaker}-{r.name}")
        for r in recordings
    ]
    if still := _unordered(renamed):
        first, second = still
        raise UserError(
            second.place,
            f"id '{second.id}' of speaker '{second.speaker}' sorts after '{first.id}' of "
            f"'{first.speaker}' ({first.place}), but the speakers sort the other way round",
            "rename a speaker so that none is another one followed by '-' or '.'",
        )
    print(
        f"put the speaker before each id, because '{wrong[0].id}' and '{wrong[1].id}' do not "
        "sort like their speakers"
    )
    return renamed


def _unordered(recordings: Sequence[Recording]) -> tuple[Recording, Recording] | None:
    """Return the first two neighbors by id whose speakers are in the other order, or None."""
    ordered = sorted(recordings, key=lambda r: r.id)
    for first, second in zip(ordered, ordered[1:], strict=False):
        if second.speaker < first.speaker:
            return first, second
    return None
