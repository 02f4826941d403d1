"""Read the recordings of your own corpus from a table or from Kaldi directories."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.data.dump import SPEED_PREFIX
from espnet_kd.data.transcripts import Transcripts, sclite_notation
from espnet_kd.errors import UserError
from espnet_kd.fileio import checked_lines, read_columns, read_paths
from espnet_kd.options import split_fields

PARTS = ("train", "valid", "test")
COLUMNS = ("part", "id", "speaker", "noisy", "clean", "text")
OPTIONAL_COLUMNS = ("category", "session")
DIRECTORY_FORM = "CATEGORY:PART:DIRECTORY"

LONGEST_NAME = 90  # bytes of an id or a speaker; stages put both and a prefix into file names
_NAME = re.compile(r"[\w.-]+")
_IN_ARCHIVE = re.compile(r".*:\d+(\[.*\])?")  # of Kaldi, e.g. a.ark:123
FIX = "write it, or correct --dir; docs/data.md describes the directory"


@dataclass(frozen=True)
class Recording:
    """One utterance.

    Attributes:
        part: train, valid or test.
        name: id in the corpus.
        speaker: id of the speaker.
        audio: absolute path of the noisy signal, or of the clean one for CLEAN.
        reference: absolute path of the clean signal for SIMU, else empty.
        text: transcript.
        category: SIMU, REAL or CLEAN.
        place: file and line, for error messages.
        session: name shared by the channels of one recording session; empty if unknown.
    """

    part: str
    name: str
    speaker: str
    audio: str
    reference: str
    text: str
    category: str
    place: str
    session: str = ""

    def __post_init__(self):
        if self.part not in PARTS:
            raise UserError(self.place, f"part is '{self.part}'", f"use {', '.join(PARTS)}")
        for kind, name in (("id", self.name), ("speaker", self.speaker)):
            if not _NAME.fullmatch(name):
                raise UserError(
                    self.place, f"{kind} is '{name}'", "use letters, digits, '_', '-' and '.'"
                )
            if len(name.encode()) > LONGEST_NAME:
                raise UserError(
                    self.place,
                    f"{kind} '{name}' has {len(name.encode())} bytes, more than {LONGEST_NAME}",
                    "shorten it, because outputs are files of this name",
                )
            if SPEED_PREFIX.match(name):
                raise UserError(
                    self.place,
                    f"{kind} '{name}' is that of a copy at another speed",
                    "leave the copies out: stage 2 makes its own (--speed_perturb_factors)",
                )
        if not self.text:
            raise UserError(
                self.place,
                f"utterance '{self.name}' has no text",
                "transcribe it: the teacher, both recognizers and WER need the words",
            )

        if self.part != "train" and (found := sclite_notation(self.text)):
            raise UserError(
                self.place,
                f"the text has '{found}', which has another meaning in scoring: '{self.text}'",
                "spell out what is said",
            )

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of its audio."""
        return (self.audio, self.reference) if self.reference else (self.audio,)

    @property
    def id(self) -> str:
        """Id in ESPnet's form: it begins with the speaker and ends with the category."""
        # "-" sorts before letters and digits, so the ids of speakers 19 and 198 sort like the
        # speakers, as Kaldi's scripts require.
        name = self.name if self.name.startswith(self.speaker) else f"{self.speaker}-{self.name}"
        ending = f"_{self.category}"
        return name if name.endswith(ending) else name + ending


def read_table(path: str | os.PathLike) -> Iterator[Recording]:
    """Yield the recordings of a tab-separated table with a line of column names.

    `noisy` and `clean` are paths, absolute or relative to the table's folder. A row with both is
    SIMU, with only `noisy` REAL, with only `clean` CLEAN; a `category` must agree.

    Raises:
        UserError: the file is missing, unreadable or not UTF-8; a column is missing or unknown; a
            row has a wrong number of cells or a bad value (the message names the line).
    """
    path = Path(path)
    cleaned = Transcripts()
    lines = checked_lines(path)
    columns = [cleaned.cell(name) for name in next(lines, (1, ""))[1].split("\t")]
    _check_columns(path, columns)
    for number, line in lines:
        if line.strip():
            yield _row(path.parent, columns, line.split("\t"), f"{path}, line {number}", cleaned)
    cleaned.report(path)


def _check_columns(path: Path, columns: list[str]) -> None:
    for name in COLUMNS:
        if columns.count(name) != 1:
            raise UserError(
                path,
                f"its first line names column '{name}' {columns.count(name)} times",
                f"name {', '.join(COLUMNS)} once each, separated by tabs",
            )
    for name in columns:
        if name not in (*COLUMNS, *OPTIONAL_COLUMNS):
            known = ", ".join((*COLUMNS, *OPTIONAL_COLUMNS))
            raise UserError(path, f"has an unknown column '{name}'", f"use {known}")


def _row(
    folder: Path, columns: list[str], cells: list[str], place: str, cleaned: Transcripts
) -> Recording:
    if len(cells) != len(columns):
        unfinished = any(cell.startswith('"') and cell.count('"') % 2 for cell in cells)
        raise UserError(
            place,
            f"has {len(cells)} cells, not {len(columns)}",
            "write the text in quotes in one line, without tabs"
            if unfinished
            else "separate them by single tabs",
        )
    row = {name: cleaned.cell(cell) for name, cell in zip(columns, cells, strict=True)}
    noisy, clean = (os.path.abspath(folder / row[n]) if row[n] else "" for n in ("noisy", "clean"))
    if not noisy and not clean:
        raise UserError(place, "names neither noisy nor clean audio", "give a path")
    category = ("SIMU" if clean else "REAL") if noisy else "CLEAN"
    stated = row.get("category") or category
    if stated != category:
        raise UserError(
            place,
            f"category is '{stated}', but its audio says {category}",
            "SIMU has noisy and clean audio, REAL only noisy (a close-talk microphone is not a "
            "reference), CLEAN only clean",
        )
    return Recording(
        part=row["part"],
        name=row["id"],
        speaker=row["speaker"],
        audio=noisy or clean,
        reference=clean if noisy else "",
        text=cleaned.words(row["text"]),
        category=category,
        place=place,
        session=row.get("session", ""),
    )


def read_directory(option: str) -> Iterator[Recording]:
    """Yield the recordings of a Kaldi directory.

    It has wav.scp, text, utt2spk and, for SIMU, spk1.scp with the clean signals. It may have
    utt2session, which names the session that an utterance is a channel of.

    Args:
        option: `CATEGORY:PART:DIRECTORY`.

    Raises:
        UserError: `option` has another form; a file is missing or unsorted; the files have
            different utterances; segments or pipes are used instead of one audio file each.
    """
    category, part, name = split_fields("--dir", option, DIRECTORY_FORM)
    if category not in CATEGORIES:
        raise UserError("--dir", f"'{option}' names no category", f"use {', '.join(CATEGORIES)}")
    directory = Path(name)
    if (directory / "segments").exists():
        raise UserError(directory / "segments", "is not supported", "write each segment as a file")
    files = ["wav.scp", "text", "utt2spk", *(["spk1.scp"] if category == "SIMU" else [])]
    files += [file for file in ("utt2session",) if (directory / file).exists()]
    tables = {
        file: (read_paths if file.endswith(".scp") else read_columns)(directory / file, FIX)
        for file in files
    }
    if not tables["wav.scp"]:
        raise UserError(directory / "wav.scp", "is empty", FIX)
    for file, table in tables.items():
        different = table.keys() ^ tables["wav.scp"].keys()
        if different:
            raise UserError(
                directory / file, f"differs from wav.scp in '{min(different)}'", "fix the directory"
            )
    cleaned = Transcripts()
    for utterance in tables["wav.scp"]:
        yield Recording(
            part=part,
            name=utterance,
            speaker=tables["utt2spk"][utterance],
            audio=_audio(directory / "wav.scp", tables["wav.scp"][utterance]),
            reference=_audio(directory / "spk1.scp", tables["spk1.scp"][utterance])
            if category == "SIMU"
            else "",
            text=cleaned.words(cleaned.cell(tables["text"][utterance])),
            category=category,
            place=f"{directory}, utterance '{utterance}'",
            session=tables.get("utt2session", {}).get(utterance, ""),
        )
    cleaned.report(directory / "text")


def _audio(scp: Path, value: str) -> str:
    if value.endswith("|") or value.startswith("|"):
        raise UserError(
            scp, f"'{value}' is a command, not a file", "write its output as wav or flac"
        )
    if value == "-" or (_IN_ARCHIVE.fullmatch(value) and not os.path.exists(value)):
        what = "standard input" if value == "-" else "a place in an archive"
        raise UserError(scp, f"'{value}' is {what}, not a file", "write it as wav or flac")
    return os.path.abspath(value)
