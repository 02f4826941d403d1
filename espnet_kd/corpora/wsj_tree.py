"""What lies where in a copy of WSJ0 or WSJ1, however its discs were laid out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from espnet_kd.corpora.transcripts import WSJ_LINES, read_transcripts
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_text

CORPORA = ("wsj0", "wsj1")  # the folder that each disc of a corpus holds
WANTED = (".dot", ".ndx", ".wv1", ".z")


class WsjTree:
    """Files of one corpus.

    They are known by their path from `wsj0/` or `wsj1/` on, in lower case: some copies hold a
    folder for each disc (`11-1.1`), others have joined them, and on one disc names are in capitals.
    What several discs hold is taken from the first of them.

    Args:
        root: directory of the discs, or of `wsj0` or `wsj1`.

    Raises:
        UserError: there is no such corpus.
    """

    def __init__(self, root: str | os.PathLike):
        self.root = Path(os.path.abspath(root))
        self._files: dict[str, Path] = {}
        for path in _walk(self.root):
            parts = [part.lower() for part in path.relative_to(self.root.parent).parts]
            start = next((n for n, part in enumerate(parts) if n and part in CORPORA), 0)
            if parts[start] in CORPORA:
                self._files.setdefault("/".join(parts[start:]), path)
        if not self._files:
            raise UserError(
                root, "holds no files of WSJ", "name the directory of its discs, or leave it empty"
            )

    def file(self, name: str) -> Path | None:
        """Path of a file such as `wsj0/doc/indices/train/tr_s_wv1.ndx`; None if it is not there."""
        return self._files.get(name.lower())

    def files_below(self, folder: str, suffix: str) -> list[Path]:
        """Files of a folder such as `wsj1/doc/lng_modl` and the folders in it, sorted."""
        found = (n for n in self._files if n.startswith(f"{folder}/") and n.endswith(suffix))
        return [self._files[name] for name in sorted(found)]

    def index(self, name: str) -> list[tuple[str, str]]:
        """Disc and file of each recording that an index names: `11_1_1`, `wsj0/si_tr_s/...wv1`.

        Raises:
            UserError: the index is not there; a line of another form.
        """
        path = self.file(name)
        if path is None:
            raise UserError(self.root, f"lacks {name}", "restore it")
        entries = []
        for line in map(str.strip, read_text(path).splitlines()):
            if not line or line.startswith(";"):
                continue
            disc, colon, file = line.partition(":")
            if not colon:
                raise UserError(path, f"line '{line}' is no DISC:FILE", "restore the file")
            entries.append((disc, file.strip().lstrip("/").lower()))
        return entries

    def transcript(self, utterance: str) -> str | None:
        """Raw transcript of `011c0201`; None if there is none."""
        path = self._dots.get(f"{utterance[:6]}00".lower())
        if path is None:
            return None
        if path not in self._read:
            raw = read_transcripts(path, WSJ_LINES)
            self._read[path] = {name.lower(): words for name, words in raw.items()}
        return self._read[path].get(utterance.lower())

    @cached_property
    def _dots(self) -> dict[str, Path]:
        paths = (self._files[name] for name in sorted(self._files) if name.endswith(".dot"))
        found: dict[str, Path] = {}
        for path in paths:
            found.setdefault(path.stem.lower(), path)
        return found

    @cached_property
    def _read(self) -> dict[Path, dict[str, str]]:
        return {}


def _walk(root: Path) -> Iterator[Path]:
    """Files of the kinds we read, in order; links are followed, each folder once."""
    seen: set[tuple[int, int]] = set()
    for directory, folders, files in os.walk(root, followlinks=True):
        status = os.stat(directory)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(WANTED):
                yield Path(directory, name)
