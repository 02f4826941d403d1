"""Set directories: read with checks, write so that reruns and interruptions are harmless.

The files and their lines are described in docs/design.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

from espnet_kd.data.audio import check_samples, scan_lengths
from espnet_kd.data.categories import CATEGORIES
from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_lines

REQUIRED = ("wav.scp", "text", "utt2spk", "utt2category", "utt2num_samples")
OPTIONAL = ("spk1.scp", "utt2speed")
NO_REFERENCE = "-"  # in spk1.scp, of a REAL utterance beside others that have one
DERIVED_PATTERNS = ("text_*", "align*")

Table = dict[str, str]
Tables = dict[str, Table]


def read_set(directory: str | os.PathLike) -> Tables:
    """Read and check a set directory.

    Returns:
        Tables by file name (`wav.scp`, `text`, ...), each utterance id -> value, in C order.
        `spk2utt` is checked and left out: it follows from `utt2spk`.

    Raises:
        UserError: a required file is absent; ids unsorted, twice, or not the same in all files;
            `spk2utt` disagrees; and all that `check_tables` finds.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise UserError(directory, "is no directory", "run the stage that writes it")
    names = [*REQUIRED, *(path.name for path in _optional_files(directory))]
    ids: dict[str, str] = {}  # one string for all tables: of a million ids, 100 MB for each
    tables = {}
    for name in names:
        table = read_columns(directory / name)
        tables[name] = {ids.setdefault(utt, utt): value for utt, value in table.items()}
    check_tables(directory, tables)
    if read_columns(directory / "spk2utt") != speaker_table(tables["utt2spk"]):
        raise UserError(directory / "spk2utt", "disagrees with utt2spk", "write the set again")
    return tables


def speaker_table(utt2spk: Mapping[str, str]) -> Table:
    """`spk2utt` from `utt2spk`."""
    speakers: dict[str, list[str]] = {}
    for utterance in sorted(utt2spk):
        speakers.setdefault(utt2spk[utterance], []).append(utterance)
    return {speaker: " ".join(speakers[speaker]) for speaker in sorted(speakers)}


def check_tables(directory: str | os.PathLike, tables: Tables) -> None:
    """Check the tables of a set against each other; reads no audio.

    Raises:
        UserError: no utterances; ids that differ between files; an empty value; a speaker that does
            not begin the id; an unknown category; a length that is no positive whole number; a REAL
            utterance whose reference is its own mixture.
    """
    directory = Path(directory)
    ids = tables["wav.scp"].keys()
    if not ids:
        raise UserError(directory / "wav.scp", "holds no utterance", "check the set's source")
    for name, table in tables.items():
        different = ids ^ table.keys()
        if different:
            first = min(different)
            here, there = ("wav.scp", name) if first in ids else (name, "wav.scp")
            raise UserError(
                directory / there,
                f"lacks utterance '{first}' of {here} ({len(different)} differ)",
                "write the set again",
            )
        for utterance, value in table.items():
            if not value:
                raise UserError(
                    directory / name, f"utterance '{utterance}' has an empty value", "fill it in"
                )
    _check_values(directory, tables)


def _check_values(directory: Path, tables: Tables) -> None:
    for utterance, speaker in tables["utt2spk"].items():
        if not utterance.startswith(speaker):
            raise UserError(
                directory / "utt2spk",
                f"id '{utterance}' does not begin with its speaker '{speaker}'",
                "rename it, or sorting by speaker and by id disagree",
            )
    for utterance, category in tables["utt2category"].items():
        if category not in CATEGORIES:
            raise UserError(
                directory / "utt2category",
                f"utterance '{utterance}' has category '{category}'",
                f"use one of {' '.join(CATEGORIES)}",
            )
    for utterance, length in tables["utt2num_samples"].items():
        if not (length.isascii() and length.isdigit() and int(length) > 0):
            raise UserError(
                directory / "utt2num_samples",
                f"utterance '{utterance}' has '{length}' samples",
                "write the set again",
            )
    mixtures = tables["wav.scp"]
    for utterance, reference in tables.get("spk1.scp", {}).items():
        if reference == mixtures[utterance] and tables["utt2category"][utterance] == "REAL":
            raise UserError(
                directory / "spk1.scp",
                f"REAL utterance '{utterance}' has its own mixture as reference ({reference})",
                "give it a pseudo-reference or leave it out",
            )


def check_audio(
    directory: str | os.PathLike, tables: Tables, nj: int, samples: bool = False
) -> None:
    """Check the audio a set points at, by its headers.

    Args:
        directory: named in errors.
        tables: as of `read_set`, before speed perturbation.
        nj: number of processes.
        samples: also read every file through: silence is an error then.

    Raises:
        UserError: audio missing, truncated or of another format; a length other than
            `utt2num_samples`; a reference longer or shorter than its mixture; a silent file.
    """
    directory = Path(directory)
    lengths = tables["utt2num_samples"]
    audio: set[str] = set()
    for name in sorted({"wav.scp", "spk1.scp"} & tables.keys()):
        paths = {utt: path for utt, path in tables[name].items() if path != NO_REFERENCE}
        audio.update(paths.values())
        found = scan_lengths(list(paths.values()), nj, f"{directory.name}/{name} headers")
        for (utterance, path), length in zip(paths.items(), found, strict=True):
            if length != int(lengths[utterance]):
                raise UserError(
                    path,
                    f"has {length} samples, utterance '{utterance}' of {directory.name} "
                    f"has {lengths[utterance]}",
                    "mixture and reference must be of equal length",
                )
    if samples:
        list(parallel_map(check_samples, sorted(audio), nj, f"{directory.name} samples", chunk=64))


def write_set(directory: str | os.PathLike, tables: Tables) -> None:
    """Check and write a set, `spk2utt` included.

    A file whose content does not change is left alone. What other stages derived from a set
    (alignments, say) is removed if the set itself changes.

    Raises:
        UserError: as `check_tables`.
    """
    directory = Path(directory)
    check_tables(directory, tables)
    whole = {**tables, "spk2utt": speaker_table(tables["utt2spk"])}
    changed = [name for name, table in whole.items() if not _holds(directory / name, table)]
    sources_changed = not {*REQUIRED, *OPTIONAL}.isdisjoint(changed)
    for path in _optional_files(directory):
        if path.name not in whole and (sources_changed or path.name in OPTIONAL):
            path.unlink()
    for name in changed:
        write_lines(directory / name, _lines(whole[name]))


def _optional_files(directory: Path) -> list[Path]:
    patterns = (*OPTIONAL, *DERIVED_PATTERNS)
    return sorted(path for pattern in patterns for path in directory.glob(pattern))


def _lines(table: Mapping[str, str]) -> Iterator[str]:
    return (f"{key} {table[key]}" for key in sorted(table))


def _holds(path: Path, table: Mapping[str, str]) -> bool:
    """Whether a file is there and holds just this table."""
    if not path.exists():
        return False
    with path.open(encoding="utf-8") as file:
        return all(old == f"{new}\n" for old, new in zip_longest(file, _lines(table)))
