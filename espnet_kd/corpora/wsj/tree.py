"""Find the files in a copy of WSJ0 or WSJ1, whatever the layout of its discs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path

from espnet_kd.corpora.wsj.transcripts import WSJ_LINES, read_transcripts
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_lines

CORPORA = ("wsj0", "wsj1")  # the folder that each disc of a corpus holds
WANTED = (".dot", ".ndx", ".wv1", ".z")
LISTED = 8  # cached folders, and cached transcript files; indices visit them one after the other


class WsjTree:
    """Files of one corpus.

    Files are identified by their path from `wsj0/` or `wsj1/` on, in lower case: some copies have a
    folder for each disc (`11-1.1`), others have merged the discs, and one disc has names in
    capitals. A file on several discs is taken from the first of them.

    Args:
        root: directory of the discs, or of `wsj0` or `wsj1`.

    Raises:
        UserError: `root` has no such corpus.
    """

    def __init__(self, root: str | os.PathLike):
        self.root = Path(os.path.abspath(root))
        self._listing = lru_cache(LISTED)(self._list)
        self._transcripts = lru_cache(LISTED)(_transcripts)
        self._folders: dict[str, list[Path]] = {}
        for folder in _walk(self.root):
            parts = [part.lower() for part in folder.relative_to(self.root.parent).parts]
            start = next((n for n, part in enumerate(parts) if n and part in CORPORA), 0)
            if parts[start] in CORPORA and _names(folder):
                self._folders.setdefault("/".join(parts[start:]), []).append(folder)
        if not self._folders:
            raise UserError(
                root, "holds no WSJ files", "name the directory of its discs, or leave it empty"
            )

    def file(self, name: str) -> Path | None:
        """Return the path of a file such as `wsj0/doc/indices/train/tr_s_wv1.ndx`, or None."""
        folder, _, file = name.lower().rpartition("/")
        return self._listing(folder).get(file)

    def _list(self, folder: str) -> dict[str, Path]:
        """Return the files of a folder, which may be on several discs, by lower-case name."""
        found: dict[str, Path] = {}
        for place in self._folders.get(folder, ()):
            for name in _names(place):
                found.setdefault(name.lower(), place / name)
        return found

    def files_below(self, folder: str, suffix: str) -> list[Path]:
        """Return the files in a folder such as `wsj1/doc/lng_modl` and its subfolders, sorted."""
        found = {
            f"{other}/{name}": path
            for other in self._folders
            if f"{other}/".startswith(f"{folder}/")
            for name, path in self._listing(other).items()
            if name.endswith(suffix)
        }
        return [found[name] for name in sorted(found)]

    def index(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield disc and file of each recording in an index: `11_1_1`, `wsj0/si_tr_s/...wv1`.

        Raises:
            UserError: the index is missing, or a line has another form.
        """
        path = self.file(name)
        if path is None:
            raise UserError(self.root, f"lacks {name}", "restore it")
        for line in map(str.strip, read_lines(path)):
            if not line or line.startswith(";"):
                continue
            disc, colon, file = line.partition(":")
            if not colon:
                raise UserError(path, f"line '{line}' is not DISC:FILE", "restore the file")
            yield disc, file.strip().lstrip("/").lower()

    def transcript(self, utterance: str) -> str | None:
        """Return the raw transcript of an utterance such as `011c0201`, or None."""
        path = self._dots.get(f"{utterance[:6]}00".lower())
        return None if path is None else self._transcripts(path).get(utterance.lower())

    @cached_property
    def _dots(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for corpus in CORPORA:
            for path in self.files_below(corpus, ".dot"):
                found.setdefault(path.stem.lower(), path)
        return found


def _transcripts(path: Path) -> dict[str, str]:
    return {name.lower(): words for name, words in read_transcripts(path, WSJ_LINES).items()}


def _names(folder: Path) -> list[str]:
    """Return the files with the suffixes in WANTED, sorted."""
    names = (entry.name for entry in os.scandir(folder) if not entry.is_dir())
    return sorted(name for name in names if name.lower().endswith(WANTED))


def _walk(root: Path) -> Iterator[Path]:
    """Yield the folders in order; follow links, but visit each folder only once."""
    seen: set[tuple[int, int]] = set()
    for directory, folders, _ in os.walk(root, followlinks=True):
        status = os.stat(directory)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        yield Path(directory)
