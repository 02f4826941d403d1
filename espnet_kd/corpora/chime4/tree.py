"""Find and read the files of a CHiME-4 tree: annotations, track lists, transcripts, audio."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

from espnet_kd.corpora.chime4.json_items import json_items
from espnet_kd.corpora.chime4.microphones import read_correlations
from espnet_kd.corpora.wsj.transcripts import clean_transcript, read_transcripts
from espnet_kd.corpora.wsj.tree import WsjTree
from espnet_kd.data.spool import sorted_spool
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_text

LEVELS = ("data", "", "CHiME3/data")  # where `data` may be below the path that the user gives
# Where annotations may be below the path of CHiME4_diff.
EXTRA_LEVELS = ("", "annotations", "data/annotations", "CHiME3/data/annotations")
EXTRA_FILES = ("*_1ch_track.list", "mic_error.csv")
# Made from WSJ0's recordings. The other sets were read anew, without verbalized punctuation.
WSJ0_SPEECH = ("tr05_simu", "tr05_org")


class Chime4Tree:
    """Paths and annotations of one corpus.

    Args:
        root: directory that holds `data` or `CHiME3/data`, or `data` itself.
        extra_annotations: second directory for track lists and `mic_error.csv`, searched after
            `data/annotations`: the `CHiME4_diff` package or its `CHiME3/data/annotations`.
        wsj0: WSJ0, for transcripts that the corpus lacks; by default its copy in `data`.

    Raises:
        UserError: `root` has no corpus, or the second directory has neither kind of file.
    """

    def __init__(
        self,
        root: str | os.PathLike,
        extra_annotations: str | os.PathLike | None = None,
        wsj0: str | os.PathLike | None = None,
    ):
        if not os.fspath(root):
            raise UserError("--corpus", "is empty", "set CHIME4 in db.sh to the corpus' directory")
        data = _data_below(Path(os.path.abspath(root)))
        if data is None:
            raise UserError(
                root,
                "is not a CHiME-4 corpus: it lacks data/annotations or data/audio/16kHz/isolated",
                f"set CHIME4 in db.sh to {_nearby(root) or 'the directory that holds data'}",
            )
        self.data = data
        self.audio = data / "audio/16kHz"
        self._annotations = [data / "annotations"]
        if extra_annotations is not None:
            self._annotations.append(_extra(Path(os.path.abspath(extra_annotations))))
        self._wsj0_root = wsj0

    def annotation_file(self, name: str) -> Path | None:
        """Return the path of an annotation file, or None if the corpus does not have it."""
        # A broken link exists for lexists, so reading it is an error.
        paths = (directory / name for directory in self._annotations)
        return next((path for path in paths if os.path.lexists(path)), None)

    def annotations(self, stem: str) -> dict[str, dict]:
        """Return what `sorted_annotations` yields, by utterance name."""
        return dict(self.sorted_annotations(stem))

    def sorted_annotations(self, stem: str, mark: str = "") -> Iterator[tuple[str, dict]]:
        """Yield the name (`F01_050C0101_BUS`) and entry of each utterance in `<stem>.json`.

        The field `environment` of an entry is in upper case.

        Args:
            stem: file name without `.json`.
            mark: appended to the names for sorting.

        Raises:
            UserError: the file is missing or not JSON, a field is missing or not text, or a name
                appears twice.
        """
        path = self.data / "annotations" / f"{stem}.json"
        previous = ""
        for name, entry in sorted_spool(_entries(path), key=lambda pair: pair[0] + mark):
            if name == previous:
                raise UserError(path, f"utterance '{name}' appears twice", "keep one")
            previous = name
            yield name, entry

    def transcript(self, stem: str, name: str, entry: dict) -> str:
        """Return the normalized transcript of an utterance.

        The sources, in this order: the annotation's field `dot`; the set's `.dot_all` or
        `.trn_all`; the utterance's own `.dot` or `.trn`; for speech from WSJ0, WSJ0's `.dot`.

        Raises:
            UserError: there is no transcript, it is not text or empty once normalized, or it has
                unknown characters.
        """
        path = self.data / "annotations" / f"{stem}.json"
        raw = entry.get("dot") or self._transcribed(stem, name, entry)
        if raw is None:
            places, fix = f"{self.data / 'transcriptions'}", "add its field 'dot'"
            if stem in WSJ0_SPEECH:
                places, fix = f"{places} and WSJ0", f"set WSJ0 in db.sh, or {fix}"
            raise UserError(path, f"transcript of '{name}' is missing, also in {places}", fix)
        if not isinstance(raw, str):
            raise UserError(path, f"field 'dot' of '{name}' is {raw}, not text", "restore it")
        return clean_transcript(raw, name, path)

    def _transcribed(self, stem: str, name: str, entry: dict) -> str | None:
        """Return the raw transcript from outside the annotations, or None."""
        transcriptions = self.data / "transcriptions"
        raw = _transcription_files(transcriptions, stem).get(name)
        if raw is not None:
            return raw
        folder = transcriptions / self.recordings(stem, entry["environment"]).name
        for kind in ("dot", "trn"):
            path = folder / f"{name}.{kind}"
            if path.exists():
                return read_transcripts(path).get(name)
        if stem in WSJ0_SPEECH and self._wsj0 is not None:
            return self._wsj0.transcript(entry["wsj_name"])
        return None

    @cached_property
    def _wsj0(self) -> WsjTree | None:
        if self._wsj0_root is not None:
            return WsjTree(self._wsj0_root)
        copy = self.data / "WSJ0"
        return WsjTree(copy) if copy.is_dir() else None

    def track_channels(self, stem: str) -> dict[str, int] | None:
        """Return the channel of each utterance in the 1-channel track; None without a track list.

        Raises:
            UserError: a line is not `<folder>/<name>.CH<n>.wav` or names CH0, or an utterance
                appears twice.
        """
        path = self.annotation_file(f"{stem}_1ch_track.list")
        if path is None:
            return None
        channels: dict[str, int] = {}
        for line in filter(None, map(str.strip, read_text(path).splitlines())):
            name, _, channel = Path(line).name.removesuffix(".wav").partition(".CH")
            if channel not in tuple("123456"):
                raise UserError(path, f"line '{line}' names no channel from 1 to 6", "correct it")
            if name in channels:
                raise UserError(path, f"utterance '{name}' appears twice", "keep one")
            channels[name] = int(channel)
        return channels

    @cached_property
    def microphone_correlations(self) -> dict[str, tuple[float, ...]] | None:
        """Values in `mic_error.csv` by utterance name, see `read_correlations`; None without it."""
        path = self.annotation_file("mic_error.csv")
        return None if path is None else read_correlations(path)

    def recordings(self, stem: str, environment: str) -> Path:
        """Return the folder of a set and environment, `dt05_bus_real` for dt05_real and BUS."""
        part, _, kind = stem.partition("_")
        folder = f"{part}_{environment.lower()}_{kind}" if kind in ("real", "simu") else stem
        return self.audio / "isolated" / folder


def _entries(path: Path) -> Iterator[tuple[str, dict]]:
    for entry in json_items(path):
        try:
            entry["environment"] = entry["environment"].upper()
            name = "_".join(entry[key] for key in ("speaker", "wsj_name", "environment"))
        except KeyError as error:
            raise UserError(path, f"entry {entry} lacks the field {error}", "add it") from None
        except (AttributeError, TypeError):
            raise UserError(
                path, f"entry {entry} is not an utterance with named fields", "restore it"
            ) from None
        yield name, entry


def _data_below(root: Path) -> Path | None:
    for level in LEVELS:
        data = root / level
        # os.path, not Path: a folder without access permission counts as missing and is no error.
        if all(os.path.isdir(data / folder) for folder in ("annotations", "audio/16kHz/isolated")):
            return data
    return None


def _nearby(root: str | os.PathLike) -> Path | None:
    """Return a folder above `root`, or one directly in it, that has a corpus; None without one."""
    path = Path(os.path.abspath(root))
    below = sorted(path.glob("*/")) if path.is_dir() else []
    return next((p for p in [*path.parents, *below] if _data_below(p) is not None), None)


def _extra(root: Path) -> Path:
    for level in EXTRA_LEVELS:
        if any(next((root / level).glob(pattern), None) for pattern in EXTRA_FILES):
            return root / level
    raise UserError(
        root,
        f"holds none of {' '.join(EXTRA_FILES)}",
        "set CHIME4_ANNOTATIONS in db.sh to the annotations of CHiME4_diff, or leave it empty",
    )


@cache
def _transcription_files(directory: Path, stem: str) -> dict[str, str]:
    """Return the raw transcripts of a set from `.dot_all`, or from `.trn_all` if absent there."""
    found: dict[str, str] = {}
    for kind in ("trn_all", "dot_all"):
        path = directory / f"{stem}.{kind}"
        if path.exists():
            found.update(read_transcripts(path))
    return found
