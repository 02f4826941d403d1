"""Read the data lists of a training, in the form of ESPnet's options."""

from __future__ import annotations

from espnet_kd.data.rows import NO_REFERENCE
from espnet_kd.fileio import read_columns

DataList = list[tuple[str, str, str]]  # path, name, type


def categories(data: DataList) -> dict[str, str]:
    """Return the category of each utterance; empty if the list has no categories."""
    files = [path for path, name, _ in data if name == "category"]
    return read_columns(files[0]) if files else {}


def kinds(data: DataList) -> dict[str, tuple[str | None, bool]]:
    """Return the category of each utterance and whether it has a reference.

    The result is empty if the list lacks categories or references.
    """
    path_of = {name: path for path, name, _ in data}
    if not {"category", "speech_ref1"} <= path_of.keys():
        return {}
    category = read_columns(path_of["category"])
    references = read_columns(path_of["speech_ref1"])
    return {utt: (category.get(utt), path != NO_REFERENCE) for utt, path in references.items()}
