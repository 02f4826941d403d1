"""Read text for a language model: lines of an id and words, with each id only once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

from espnet_kd.data.spool import sorted_spool
from espnet_kd.data.transcripts import Transcripts
from espnet_kd.errors import UserError
from espnet_kd.fileio import checked_lines

FIX = "begin each line with an id of its own, e.g. awk '{print \"lm\" NR, $0}'"


def read_lm_text(paths: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Yield id and words of each line one by one, because the files may have millions of lines.

    The files are read twice, first to check them. What is removed from the words is printed.

    Args:
        paths: files with lines `ID WORDS`.

    Raises:
        UserError: a file is missing, empty or not UTF-8; a line has no words; an id appears twice,
            or is a word of another line, so that the lines seem to have no ids.
    """
    _check(paths)
    for path in paths:
        cleaned = Transcripts()
        for _, name, words in _lines(path, cleaned):
            yield name, words
        cleaned.report(path)


def _lines(path: Path, cleaned: Transcripts) -> Iterator[tuple[int, str, str]]:
    for number, line in checked_lines(path):
        name, _, words = cleaned.words(line).partition(" ")
        words = cleaned.cell(words)
        if not words:
            raise UserError(path, f"line {number} has no words", "write ID WORDS")
        yield number, name, words


def _check(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.is_file():
            raise UserError(
                path, "is not a file", "correct --lm_text, or run the stage that writes it"
            )
    vocabulary: set[str] = set()  # words that are not first in their line

    def ids() -> Iterator[tuple[str, int, int]]:
        for index, path in enumerate(paths):
            number = 0
            for number, name, words in _lines(path, Transcripts()):
                vocabulary.update(words.lower().split())
                yield name, index, number
            if not number:
                raise UserError(path, "is empty", "restore it or leave it out")

    found = sorted_spool(ids(), key=itemgetter(0))
    for name, index, number in found:
        # A number may be both the id of a line and a word.
        if name.lower() in vocabulary and not name.isdecimal():
            raise UserError(
                paths[index], f"line {number} begins with the word '{name}', not with an id", FIX
            )
    for (one, first, before), (other, index, number) in pairwise(found):
        if one == other:
            raise UserError(
                paths[index],
                f"id '{one}' of line {number} is also in {paths[first]}, line {before}",
                FIX,
            )
