"""Join set directories, or take an evenly spread part of them."""

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
    """Join sets whose utterances differ.

    `utt2speed` is 1.0 where a set has none. Other optional files are kept if all sets have them.

    Args:
        directories: set directories.
        drop_files: optional files to leave out.
        absent_references: a set of REAL utterances may lack `spk1.scp`; it then says so for each.

    Returns:
        The joint tables, and the names of optional files left out because a set lacks them.

    Raises:
        UserError: an id in two sets; `spk1.scp` in some sets but not in others; as `read_set`.
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
                    f"utterance '{utterance}' is in {owner[utterance]} too",
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
                f"is absent: {category} utterance '{utterance}' has no reference, another set has",
                "make pseudo-references, or --drop_files spk1.scp where no reference is needed",
            )


def subset(tables: Tables, every: int) -> Tables:
    """Every k-th utterance in C order.

    Choose `every` prime to the number of channels, or only one channel remains.

    Raises:
        UserError: `every` below 1.
    """
    if every < 1:
        raise UserError("every", f"value {every} is below 1", "use 1 for all utterances")
    kept = sorted(tables["wav.scp"])[::every]
    return {
        name: {utterance: table[utterance] for utterance in kept} for name, table in tables.items()
    }
