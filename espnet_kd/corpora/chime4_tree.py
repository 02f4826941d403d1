"""What lies where in a CHiME-4 tree: annotations, track lists, transcripts, audio."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path

from espnet_kd.corpora.transcripts import clean_transcript, read_transcripts
from espnet_kd.errors import UserError

LEVELS = ("data", "", "CHiME3/data")  # where `data` may lie below the path a user gives
WORKING_MICROPHONE = 0.8  # ESPnet keeps channels whose value in mic_error.csv is above this


class Chime4Tree:
    """Paths and annotations of one corpus.

    Args:
        root: directory holding `data`, or `CHiME3/data`, or `data` itself.
        extra_annotations: second directory for track lists and `mic_error.csv` (the `CHiME4_diff`
            package); looked in after `data/annotations`.

    Raises:
        UserError: no corpus there.
    """

    def __init__(self, root: str | os.PathLike, extra_annotations: str | os.PathLike | None = None):
        if not os.fspath(root):
            raise UserError("--corpus", "is empty", "set CHIME4 in db.sh to the corpus' directory")
        for level in LEVELS:
            data = Path(os.path.abspath(root)) / level
            if (data / "annotations").is_dir() and (data / "audio/16kHz/isolated").is_dir():
                break
        else:
            raise UserError(
                root,
                "is no CHiME-4 corpus: no data/annotations with data/audio/16kHz/isolated",
                "set CHIME4 in db.sh to the directory that holds 'data'",
            )
        self.data = data
        self.audio = data / "audio/16kHz"
        self._annotations = [data / "annotations"]
        if extra_annotations is not None:
            self._annotations.append(Path(extra_annotations))

    def annotation_file(self, name: str) -> Path | None:
        """Path of an annotation file, or None if the corpus has none of that name."""
        return next((d / name for d in self._annotations if (d / name).exists()), None)

    def annotations(self, stem: str) -> dict[str, dict]:
        """Entries of `<stem>.json` by utterance name (`F01_050C0101_BUS`), with `environment`.

        Raises:
            UserError: file missing or no JSON, a field missing, a name twice.
        """
        path = self.data / "annotations" / f"{stem}.json"
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UserError(path, "annotation is missing", "restore it") from None
        except ValueError as error:
            raise UserError(path, f"is no JSON ({error})", "restore it") from None
        named: dict[str, dict] = {}
        for entry in entries:
            try:
                entry["environment"] = entry["environment"].upper()
                name = "_".join(entry[key] for key in ("speaker", "wsj_name", "environment"))
            except KeyError as error:
                raise UserError(path, f"entry {entry} lacks the field {error}", "add it") from None
            if name in named:
                raise UserError(path, f"utterance '{name}' stands twice", "keep one")
            named[name] = entry
        return named

    def transcript(self, stem: str, name: str, entry: dict) -> str:
        """Normalised transcript: the annotation's own, else the corpus' transcription files.

        Raises:
            UserError: none anywhere, empty, or with unknown characters.
        """
        path = self.data / "annotations" / f"{stem}.json"
        raw = entry.get("dot")
        if raw is None:
            raw = _transcription_files(self.data / "transcriptions", stem).get(name)
        if raw is None:
            raise UserError(
                path,
                f"transcript of '{name}' is missing, also in {self.data / 'transcriptions'}",
                "add its field 'dot'",
            )
        return clean_transcript(raw, name, path)

    def track_channels(self, stem: str) -> dict[str, int] | None:
        """Channel of each utterance in the 1-channel track, or None without a track list.

        Raises:
            UserError: a line that is not `<folder>/<name>.CH<n>.wav`, CH0, or an utterance twice.
        """
        path = self.annotation_file(f"{stem}_1ch_track.list")
        if path is None:
            return None
        channels: dict[str, int] = {}
        for line in filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines())):
            name, _, channel = Path(line).name.removesuffix(".wav").partition(".CH")
            if channel not in tuple("123456"):
                raise UserError(path, f"line '{line}' names no channel from 1 to 6", "correct it")
            if name in channels:
                raise UserError(path, f"utterance '{name}' stands twice", "keep one")
            channels[name] = int(channel)
        return channels

    @cached_property
    def failing_microphones(self) -> set[tuple[str, int]] | None:
        """(utterance name, channel) of failing microphones, or None without `mic_error.csv`.

        Raises:
            UserError: a line without six numbers.
        """
        path = self.annotation_file("mic_error.csv")
        if path is None:
            return None
        with path.open(encoding="utf-8", newline="") as file:
            return set(_failing(path, list(csv.reader(file))[1:]))


def _failing(path: Path, rows: Iterable[list[str]]) -> Iterable[tuple[str, int]]:
    for row in filter(None, rows):
        try:
            utterance, *values = row
            for channel, value in enumerate(map(float, values), 1):
                if value <= WORKING_MICROPHONE:
                    yield Path(utterance.strip()).name.removesuffix(".wav"), channel
            if len(values) != 6:
                raise ValueError
        except ValueError:
            raise UserError(
                path, f"line '{','.join(row)}' has no six numbers", "restore the file"
            ) from None


@cache
def _transcription_files(directory: Path, stem: str) -> dict[str, str]:
    """Raw transcripts of a set from `.dot_all`, where absent from `.trn_all`."""
    found: dict[str, str] = {}
    for kind in ("trn_all", "dot_all"):
        path = directory / f"{stem}.{kind}"
        if path.exists():
            found.update(read_transcripts(path))
    return found
