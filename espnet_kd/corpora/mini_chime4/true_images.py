"""True images of the talker in the real recordings of the embedded corpus, only for scoring."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from pathlib import Path

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import track_set, training_set
from espnet_kd.corpora.mini_chime4.names import folder_of
from espnet_kd.errors import UserError

_CHANNELS = range(1, 7)


def image_paths(truth: str | os.PathLike, tree: Chime4Tree, set_name: str) -> dict[str, Path]:
    """Return `<part>_<env>_real/<name>.CH<n>.wav` for each utterance of a real set, by its id.

    Training ids contain the channel; for dt05 and et05 the 1-channel track list names it.

    Args:
        truth: directory that the generator wrote (`--truth_dir`).
        tree: the corpus that the images belong to.
        set_name: e.g. `dt05_real_isolated_1ch_track`.

    Raises:
        UserError: the set is not a real one, or its track list is missing.
    """
    part, kind = (*set_name.split("_"), "")[:2]
    if kind != "real":
        raise UserError(set_name, "is not a real set", "name tr05_real*, dt05_real* or et05_real*")
    stem = f"{part}_real"
    if part == "tr05":
        utterances = training_set(tree, "real", _CHANNELS)
    elif tree.track_channels(stem) is not None:
        utterances = track_set(tree, part, "real")
    else:
        raise UserError(
            tree.data / "annotations" / f"{stem}_1ch_track.list", "is missing", "restore it"
        )
    root = Path(os.path.abspath(truth))
    return {
        u.id: root / folder_of(stem, u.environment) / f"{u.name}.CH{u.channel}.wav"
        for u in utterances
    }


def choose(ids: Collection[str], most: int) -> list[str]:
    """Return at most `most` ids, always the same ones, regardless of speaker and environment."""
    # Every k-th id in C order would be of the same environment whenever 4 divides k.
    return sorted(ids, key=lambda name: hashlib.sha256(name.encode()).digest())[:most]


def existing_images(paths: dict[str, Path], ids: Collection[str]) -> dict[str, Path]:
    """Return the images of some utterances, which must exist.

    Raises:
        UserError: an utterance is not in the corpus, or its image does not exist.
    """
    for name in ids:
        if name not in paths:
            raise UserError(
                name, "is not an utterance of this corpus", "name the corpus of these sets"
            )
        if not paths[name].is_file():
            raise UserError(
                paths[name],
                f"does not exist: '{name}' has no true image",
                "only the embedded corpus has them; make it again with --truth_dir",
            )
    return {name: paths[name] for name in ids}
