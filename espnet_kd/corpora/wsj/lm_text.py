"""The language-model text of WSJ1: three years of the newspaper, punctuation left out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.corpora.wsj.transcripts import ALLOWED
from espnet_kd.corpora.wsj.tree import WsjTree
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_lines
from espnet_kd.progress import progress

FOLDERS = tuple(f"wsj1/doc/lng_modl/lm_train/np_data/{year}" for year in (87, 88, 89))


@dataclass
class Sentences:
    """Sentences of the files, and how many there were so far.

    Lines with "<" are marks, dropped as in ESPnet's recipe. Our reading: a sentence with characters
    that no transcript has is left out; that recipe keeps it.

    Attributes:
        files: compressed text files, in order.
        taken: sentences given.
        left_out: sentences left out for their characters.
    """

    files: list[Path]
    taken: int = 0
    left_out: int = 0

    def __iter__(self) -> Iterator[str]:
        """Each in capitals with single spaces.

        Raises:
            UserError: a file that gzip cannot unpack.
        """
        for file in progress(self.files, "text of the language model"):
            for line in _unpacked(file).splitlines():
                sentence = " ".join(line.upper().split())
                if not sentence or "<" in sentence:
                    continue
                if ALLOWED.issuperset(sentence):
                    self.taken += 1
                    yield sentence
                else:
                    self.left_out += 1


def write_lm_text(wsj1: WsjTree, path: Path) -> None:
    """Write `wsj1_lng_0000001 SENTENCE` lines, ESPnet's ids, and say how many.

    Where WSJ1 has no such text, only say so.

    Raises:
        UserError: one year is there and another is not; a file that cannot be unpacked.
    """
    years = {folder: wsj1.files_below(folder, ".z") for folder in FOLDERS}
    if not any(years.values()):
        print(f"{wsj1.root}: no {FOLDERS[0]}/*.z: no further text for the language model")
        return
    for folder, files in years.items():
        if not files:
            raise UserError(wsj1.root, f"lacks {folder}/*.z", "restore it")
    sentences = Sentences([file for files in years.values() for file in files])
    write_lines(path, (f"wsj1_lng_{n:07d} {line}" for n, line in enumerate(sentences, 1)))
    print(f"{path}: {sentences.taken} sentences, {sentences.left_out} others left out")


def _unpacked(path: Path) -> str:
    # gzip(1), not the module: it also reads the older formats that end in .z.
    done = subprocess.run(["gzip", "-dc", path], capture_output=True, check=False)
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip()
        raise UserError(path, f"cannot be unpacked ({message})", "restore it")
    return done.stdout.decode("latin-1")
