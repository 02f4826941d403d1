"""The language-model text of WSJ1: three years of the newspaper, without punctuation."""

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
    """Sentences of the files, with counts of those seen so far.

    Lines with "<" are markup, dropped as in ESPnet's recipe. Our interpretation: a sentence with
    characters that do not occur in transcripts is left out; that recipe keeps it.

    Attributes:
        files: compressed text files, in order.
        taken: number of sentences yielded.
        left_out: number of sentences left out because of their characters.
    """

    files: list[Path]
    taken: int = 0
    left_out: int = 0

    def __iter__(self) -> Iterator[str]:
        """Yield each sentence in capitals with single spaces.

        Raises:
            UserError: gzip cannot unpack a file.
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
    """Write lines `wsj1_lng_0000001 SENTENCE`, with ESPnet's ids, and print their number.

    If WSJ1 does not have this text, only print that.

    Raises:
        UserError: some years are missing but not all, or a file cannot be unpacked.
    """
    years = {folder: wsj1.files_below(folder, ".z") for folder in FOLDERS}
    if not any(years.values()):
        print(f"{wsj1.root}: no {FOLDERS[0]}/*.z, so no additional text for the language model")
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
