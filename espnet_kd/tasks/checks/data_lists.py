"""The lists of a training, as ESPnet's options give them."""

from __future__ import annotations

from espnet_kd.data.rows import NO_REFERENCE
from espnet_kd.fileio import read_columns

DataList = list[tuple[str, str, str]]  # path, name, type


def categories(data: DataList) -> dict[str, str]:
    """Category of each utterance; empty if the list has none."""
    files = [path for path, name, _ in data if name == "category"]
    return read_columns(files[0]) if files else {}


def kinds(data: DataList) -> dict[str, tuple[str | None, bool]]:
    """Category of each utterance, and whether it has a reference; empty if they are not given."""
    path_of = {name: path for path, name, _ in data}
    if not {"category", "speech_ref1"} <= path_of.keys():
        return {}
    category = read_columns(path_of["category"])
    references = read_columns(path_of["speech_ref1"])
    return {utt: (category.get(utt), path != NO_REFERENCE) for utt, path in references.items()}
