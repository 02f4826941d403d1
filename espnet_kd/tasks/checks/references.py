"""Check the references of a data list."""

from __future__ import annotations

from espnet_kd.data.rows import NO_REFERENCE
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns
from espnet_kd.tasks.checks.data_lists import DataList


def check_references(data: DataList) -> None:
    """Reject missing references, and REAL utterances whose reference is their own noisy mixture.

    REAL utterances may lack a reference if the type of the references is `reference`, not `sound`.
    `drop_unused` later drops them unless a loss that needs no reference applies to them.

    Args:
        data: the training or validation list.

    Raises:
        UserError: names the utterance.
    """
    path_of = {name: path for path, name, _ in data}
    if not {"category", "speech_mix", "speech_ref1"} <= path_of.keys():
        return
    may_lack = any(kind == "reference" for _, name, kind in data if name == "speech_ref1")
    mixture = read_columns(path_of["speech_mix"])
    reference = read_columns(path_of["speech_ref1"])
    for utterance, category in read_columns(path_of["category"]).items():
        found = reference.get(utterance)
        if found == NO_REFERENCE and category != "REAL":
            problem = f"{category} utterance '{utterance}' has no reference"
        elif category != "REAL" or (found == NO_REFERENCE and may_lack):
            continue
        elif found in (None, NO_REFERENCE):
            problem = f"REAL utterance '{utterance}' has no pseudo-reference"
        elif found == mixture.get(utterance):
            problem = f"the reference of REAL utterance '{utterance}' is its noisy mixture"
        else:
            continue
        raise UserError(path_of["speech_ref1"], problem, "run the pseudo-reference stage")
