"""Transcripts as users bring them: remove what is not a word, and count what was removed."""

from __future__ import annotations

import os
import re
import string
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from espnet_kd.characters import INVISIBLE, named

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


def lower(token: str) -> str:
    """Return a token or an id as sclite compares it; only A to Z have another case for it."""
    return token.translate(_LOWER)


def sclite_notation(words: str) -> str:
    """Return what sclite would not read as words in a reference, or "".

    `{ A / B }` are alternatives, `@` is no word, and a line that begins with `;;` is a comment.
    """
    if words.startswith(";;"):
        return ";;"
    if "{" in words:
        return "{"
    return "@" if "@" in words.split() else ""


@dataclass
class Transcripts:
    """Normalizes the transcripts of a file, and counts what it changed.

    Attributes:
        quoted: number of cells that a spreadsheet had put in quotes.
        composed: number of transcripts with letters spelled by two characters, e.g. "e" and an
            accent; they look like the same letter in one character, but would be other tokens.
        invisible: number of transcripts with each invisible character.
    """

    quoted: int = 0
    composed: int = 0
    invisible: Counter[str] = field(default_factory=Counter)

    def cell(self, text: str) -> str:
        """Return a cell without surrounding white space and a spreadsheet's quotes.

        A cell is quoted only if it begins and ends with a quote and every quote in it is doubled,
        so a transcript that merely begins with a quote stays as it is.
        """
        text = text.strip()
        if quoted := _QUOTED.fullmatch(text):
            self.quoted += 1
            return quoted[1].replace('""', '"').strip()
        return text

    def words(self, text: str) -> str:
        """Return the words, separated by single spaces.

        Invisible characters are removed (`espnet_kd.characters.INVISIBLE`), any white space is a
        space, and letters are composed (Unicode's NFC).
        """
        if not text.isascii():
            if found := set(INVISIBLE.findall(text)):
                self.invisible.update(found)
                text = INVISIBLE.sub("", text)
            if not unicodedata.is_normalized("NFC", text):
                self.composed += 1
                text = unicodedata.normalize("NFC", text)
        return " ".join(text.split())

    def report(self, source: str | os.PathLike) -> None:
        """Print what was changed, one line for each kind."""
        where = os.fspath(source)
        if self.quoted:
            print(f"{where}: removed the quotes around {self.quoted} cells")
        for character, count in sorted(self.invisible.items()):
            print(f"{where}: removed {named(character)} from {count} transcripts, not a sound")
        if self.composed:
            print(f"{where}: composed letters and accents in {self.composed} transcripts (NFC)")
