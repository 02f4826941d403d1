"""Read, check and write set directories row by row, with only a few utterances in memory.

The files and their lines are described in docs/files.md.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Set
from itertools import chain, tee, zip_longest
from pathlib import Path

from espnet_kd.characters import unseen
from espnet_kd.data.audio import scan_lengths
from espnet_kd.data.categories import CATEGORIES
from espnet_kd.data.parallel import parallel_map
from espnet_kd.data.silence import LONG, Scan, report_silence, scan_samples
from espnet_kd.data.speakers import holds_speakers, speaker_table
from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path, holds_same, iterate_columns

REQUIRED = ("wav.scp", "text", "utt2spk", "utt2category", "utt2num_samples")
OPTIONAL = ("spk1.scp", "utt2speed")
LONGEST_ID = 235  # bytes; file systems allow 255, and a temporary file needs the rest
NO_REFERENCE = "-"  # in spk1.scp: a REAL utterance without a reference in a set that has others
DERIVED_PATTERNS = ("text_*", "align*")

Row = tuple[str, dict[str, str]]  # utterance id, value by file name (`wav.scp`, `text`, ...)


def read_rows(directory: str | os.PathLike) -> Iterator[Row]:
    """Read and check a set directory, and yield its utterances in C order.

    `spk2utt` is checked at the end but is not part of the rows, because it follows from `utt2spk`.

    Raises:
        UserError: a required file is missing; ids are unsorted, repeated, or not the same in all
            files; `spk2utt` disagrees with `utt2spk`; see also `check_rows`.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise UserError(directory, "is not a directory", "run the stage that writes it")
    names = [*REQUIRED, *(path.name for path in _optional_files(directory))]
    yield from check_rows(directory, _join(directory, names))
    try:
        agree = holds_speakers(directory / "spk2utt", directory / "utt2spk")
    except FileNotFoundError:
        raise UserError(
            directory / "spk2utt", "does not exist", "run the stage that writes it"
        ) from None
    if not agree:
        raise UserError(directory / "spk2utt", "disagrees with utt2spk", "write the set again")


def _join(directory: Path, names: list[str]) -> Iterator[Row]:
    tables = (iterate_columns(directory / name) for name in names)
    for lines in zip_longest(*tables, fillvalue=("", "")):
        utterance = lines[0][0]
        for name, (other, _) in zip(names, lines, strict=True):
            if other != utterance:
                ids, others = (
                    {u for u, _ in iterate_columns(directory / n)} for n in (names[0], name)
                )
                check_same_ids(directory, name, ids, others)
        yield utterance, {name: value for name, (_, value) in zip(names, lines, strict=True)}


def check_same_ids(directory: Path, name: str, ids: Set[str], others: Set[str]) -> None:
    """Check that a file has the utterances of `wav.scp`.

    Raises:
        UserError: the ids differ.
    """
    different = ids ^ others
    if different:
        first = min(different)
        here, there = ("wav.scp", name) if first in ids else (name, "wav.scp")
        raise UserError(
            directory / there,
            f"lacks utterance '{first}' of {here} ({len(different)} differ)",
            "write the set again",
        )


def check_rows(directory: str | os.PathLike, rows: Iterable[Row]) -> Iterator[Row]:
    """Check rows while passing them on; no audio is read.

    Raises:
        UserError: there are no utterances; a value is empty; ids are unsorted or repeated; an id
            does not begin with its speaker; the ids are not sorted like their speakers; a text
            has an invisible character; an id cannot be the name of a file; a category is unknown;
            a length is not a positive integer; the reference of a REAL utterance is its own
            mixture.
    """
    directory = Path(directory)
    previous = speaker = ""
    for utterance, values in rows:
        if utterance <= previous:
            raise UserError(
                directory, f"utterance '{utterance}' comes after '{previous}'", "sort them"
            )
        previous = utterance
        if not all(values.values()):
            name = next(name for name, value in values.items() if not value)
            raise UserError(
                directory / name, f"utterance '{utterance}' has an empty value", "fill it in"
            )
        _check_values(directory, utterance, values)
        if values["utt2spk"] < speaker:
            raise UserError(
                directory / "utt2spk",
                f"id '{utterance}' of speaker '{values['utt2spk']}' comes after the ids of "
                f"'{speaker}'",
                "begin each id with its speaker and '-', so that ids and speakers sort alike",
            )
        speaker = values["utt2spk"]
        yield utterance, values
    if not previous:
        raise UserError(directory / "wav.scp", "contains no utterances", "check the set's source")


def _check_values(directory: Path, utterance: str, values: dict[str, str]) -> None:
    speaker, category, length = (
        values[name] for name in ("utt2spk", "utt2category", "utt2num_samples")
    )
    if "/" in utterance or len(os.fsencode(utterance)) > LONGEST_ID:
        raise UserError(
            directory / "utt2spk",
            f"id '{utterance}' cannot be the name of a file",
            f"rename it, without '/' and with at most {LONGEST_ID} bytes: outputs are named by ids",
        )
    if not utterance.startswith(speaker):
        raise UserError(
            directory / "utt2spk",
            f"id '{utterance}' does not begin with its speaker '{speaker}'",
            "rename it, because sorting by speaker and by id must agree",
        )
    if found := unseen(values["text"]):
        raise UserError(
            directory / "text",
            f"utterance '{utterance}' has {found} in '{values['text']}'",
            "remove it, or put a space there",
        )
    if category not in CATEGORIES:
        raise UserError(
            directory / "utt2category",
            f"utterance '{utterance}' has category '{category}'",
            f"use one of {' '.join(CATEGORIES)}",
        )
    if not (length.isascii() and length.isdigit() and int(length) > 0):
        raise UserError(
            directory / "utt2num_samples",
            f"utterance '{utterance}' has '{length}' samples",
            "write the set again",
        )
    if category == "REAL" and values.get("spk1.scp") == values["wav.scp"]:
        raise UserError(
            directory / "spk1.scp",
            f"REAL utterance '{utterance}' has its own mixture as reference ({values['wav.scp']})",
            "give it a pseudo-reference or leave it out",
        )


def check_row_audio(
    directory: str | os.PathLike, rows: Iterable[Row], nj: int, samples: bool = False
) -> None:
    """Check the audio files that a set lists.

    Args:
        directory: set directory to name in errors.
        rows: rows from `read_rows`, before speed perturbation.
        nj: number of processes.
        samples: read all samples instead of only the headers; a silent file is then an error, and
            long silence in a recording is reported.

    Raises:
        UserError: an audio file is missing, truncated or in another format; its length differs
            from `utt2num_samples`; a reference and its mixture differ in length; a file is silent.
    """
    title = Path(directory).name
    audio, copy = tee(_audio(rows))
    paths = (path for _, _, path, _ in copy)
    if samples:
        scans = parallel_map(scan_samples, paths, nj, f"{title} samples", chunk=64)
    else:
        scans = map(Scan, scan_lengths(paths, nj, f"{title} headers"))
    recordings = []
    for (utterance, name, path, expected), scan in zip(audio, scans, strict=True):
        if scan.length != expected:
            raise UserError(
                path,
                f"has {scan.length} samples, but utterance '{utterance}' of {title} has {expected}",
                "mixture and reference must be of equal length",
            )
        if scan.silent >= LONG and name == "wav.scp":  # clean speech may pause for long
            recordings.append((path, scan))
    report_silence(title, recordings)


def _audio(rows: Iterable[Row]) -> Iterator[tuple[str, str, str, int]]:
    for utterance, values in rows:
        for name in ("spk1.scp", "wav.scp"):
            path = values.get(name, NO_REFERENCE)
            if path != NO_REFERENCE:
                yield utterance, name, path, int(values["utt2num_samples"])


def write_rows(directory: str | os.PathLike, rows: Iterable[Row]) -> int:
    """Check and write a set, including `spk2utt`.

    Files are put in place only after all of them are complete. A file whose content does not
    change is left untouched. Files that other stages derived from the set (e.g. alignments) are
    removed if the set itself changes.

    Args:
        directory: set directory to write.
        rows: rows in C order, each with values for the same files.

    Returns:
        The number of utterances.

    Raises:
        UserError: see `check_rows`.
    """
    directory = Path(directory)
    rows = check_rows(directory, rows)
    first = next(rows)
    names = list(first[1])
    with contextlib.ExitStack() as stack:
        stack.callback(_remove_empty, directory)
        new = {
            name: stack.enter_context(atomic_path(directory / name, only_changed=True))
            for name in (*names, "spk2utt")
        }
        with contextlib.ExitStack() as files:
            outs = [files.enter_context(new[name].open("w", encoding="utf-8")) for name in names]
            size = 0
            for utterance, values in chain([first], rows):
                for name, out in zip(names, outs, strict=True):
                    out.write(f"{utterance} {values[name]}\n")
                size += 1
        with new["spk2utt"].open("wb") as out:
            out.writelines(speaker_table(new["utt2spk"]))
        sources = {*REQUIRED, *OPTIONAL} & new.keys()
        changed = not all(holds_same(directory / name, new[name]) for name in sources)
        for path in _optional_files(directory):
            if path.name not in new and (changed or path.name in OPTIONAL):
                path.unlink()
    return size


def _remove_empty(directory: Path) -> None:
    with contextlib.suppress(OSError):
        directory.rmdir()


def _optional_files(directory: Path) -> list[Path]:
    patterns = (*OPTIONAL, *DERIVED_PATTERNS)
    return sorted(path for pattern in patterns for path in directory.glob(pattern))
