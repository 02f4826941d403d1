"""Join set directories, or take an evenly spaced subset of one."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from espnet_kd.data.kaldi_dir import Tables, read_set
from espnet_kd.data.rows import NO_REFERENCE, REQUIRED
from espnet_kd.errors import UserError


def combine(
    directories: Sequence[str | os.PathLike],
    drop_files: Collection[str] = (),
    absent_references: bool = False,
) -> tuple[Tables, list[str]]:
    """Join sets that have no utterance in common.

    `utt2speed` is 1.0 for sets without that file. Any other optional file is kept only if all
    sets have it.

    Args:
        directories: set directories.
        drop_files: optional files to leave out.
        absent_references: allow a set of only REAL utterances to lack `spk1.scp`; its utterances
            are then marked as having no reference.

    Returns:
        The joint tables, and the names of optional files left out because a set lacks them.

    Raises:
        UserError: an id is in two sets; some sets have `spk1.scp` and others do not; see
            `read_set`.
    """
    sets = [(os.fspath(directory), read_set(directory)) for directory in directories]
    _check_disjoint(sets)
    names = set().union(*(tables for _, tables in sets)) - set(drop_files)
    if "utt2speed" in names:
        for _, tables in sets:
            tables.setdefault("utt2speed", dict.fromkeys(tables["wav.scp"], "1.0"))
    if "spk1.scp" in names:
        if absent_references:
            _mark_absent_references(sets)
        _check_references(sets)
    common = {name for name in names if all(name in tables for _, tables in sets)}
    joint: Tables = {name: {} for name in sorted(common | set(REQUIRED))}
    for _, tables in sets:
        for name in joint:
            joint[name].update(tables[name])
    return joint, sorted(names - common)


def _check_disjoint(sets: list[tuple[str, Tables]]) -> None:
    owner: dict[str, str] = {}
    for directory, tables in sets:
        for utterance in tables["wav.scp"]:
            if utterance in owner:
                raise UserError(
                    directory,
                    f"utterance '{utterance}' is also in {owner[utterance]}",
                    "combine sets with different utterances",
                )
            owner[utterance] = directory


def _mark_absent_references(sets: list[tuple[str, Tables]]) -> None:
    for _, tables in sets:
        if "spk1.scp" not in tables and set(tables["utt2category"].values()) == {"REAL"}:
            tables["spk1.scp"] = dict.fromkeys(tables["wav.scp"], NO_REFERENCE)


def _check_references(sets: list[tuple[str, Tables]]) -> None:
    for directory, tables in sets:
        if "spk1.scp" not in tables:
            utterance, category = next(iter(tables["utt2category"].items()))
            raise UserError(
                os.path.join(directory, "spk1.scp"),
                f"is missing, but another set has it: {category} utterance '{utterance}' "
                "has no reference",
                "make pseudo-references, or give --drop_files spk1.scp if none are needed",
            )


def subset(tables: Tables, every: int) -> Tables:
    """Return every k-th utterance in C order.

    Choose an `every` that has no common factor with the number of channels; otherwise some
    channels drop out.

    Raises:
        UserError: `every` is below 1.
    """
    if every < 1:
        raise UserError("every", f"value {every} is below 1", "use 1 for all utterances")
    kept = sorted(tables["wav.scp"])[::every]
    return {
        name: {utterance: table[utterance] for utterance in kept} for name, table in tables.items()
    }
