"""WSJ transcripts as CHiME-4 ships them, normalised for recognition."""

from __future__ import annotations

import os
import re
import string
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_text

NOISE = "<NOISE>"
# Marks of read punctuation (",COMMA", "(PAREN"), emphasis and partial words: the prompts of
# tr05_simu keep them, the recorded sets do not.
WSJ_MARKS = "!\"&'()*,-./:;?_`{}~"
ALLOWED = frozenset(string.ascii_uppercase + WSJ_MARKS + " ")

_SPELLED = {"%PERCENT": "PERCENT", ".POINT": "POINT", "--DASH": "-DASH"}
_OVERLAP = re.compile(r"\[<[^]]*\]|\[[^]]*>\]|\[[^]]*/\]|\[/[^]]*\]")
_EVENT = re.compile(r"\[[^]]*\]")
_CORRECTED = re.compile(r"<([^<>]+)>")
_ID = r"[0-9A-Za-z]+_[0-9A-Za-z]+_[A-Za-z]+"
_LINE = re.compile(rf"(?P<before>.*?)\s*\((?P<last>{_ID})\)|(?P<first>{_ID})\b(?P<after>.*)")


def normalise(raw: str) -> str:
    """Normalise a WSJ transcript by the rules of WSJ's usual recipes, word by word.

    Upper case; no backslashes; %PERCENT, .POINT, --DASH spelled as words (-DASH keeps one dash);
    marks of overlapping noise ([<x], [x>], [x/], [/x]), "~" and a lone "." dropped; other [x]
    become <NOISE>; <WORD> becomes WORD.
    """
    words = []
    for word in raw.upper().replace("\\", "").split():
        if word in ("~", ".") or _OVERLAP.fullmatch(word):
            continue
        if _EVENT.fullmatch(word):
            words.append(NOISE)
        elif mispronounced := _CORRECTED.fullmatch(word):
            words.append(mispronounced[1] if word != NOISE else NOISE)
        else:
            words.append(_SPELLED.get(word, word))
    return " ".join(words)


def clean_transcript(raw: str, utterance: str, source: str | os.PathLike) -> str:
    """Normalise and check one transcript.

    Args:
        raw: as annotated.
        utterance: named in errors.
        source: file named in errors.

    Raises:
        UserError: nothing left, or a character that is neither A-Z nor one of WSJ's marks.
    """
    text = normalise(raw)
    if not text:
        raise UserError(source, f"transcript of '{utterance}' is empty ('{raw}')", "fill it in")
    for character in text.replace(NOISE, ""):
        if character not in ALLOWED:
            raise UserError(
                source,
                f"transcript of '{utterance}' has the unknown character '{character}' "
                f"(U+{ord(character):04X}) in '{text}'",
                "spell it with A-Z",
            )
    return text


def read_transcripts(path: Path) -> dict[str, str]:
    """Read a `.dot_all` or `.trn_all` file: `WORDS (id)` or `id WORDS` on each line, raw.

    Raises:
        UserError: an utterance twice, a line without one, or text that is not UTF-8.
    """
    transcripts: dict[str, str] = {}
    for line in filter(None, map(str.strip, read_text(path).splitlines())):
        match = _LINE.fullmatch(line)
        if match is None:
            raise UserError(path, f"line '{line}' names no utterance", "restore the file")
        utterance = match["last"] or match["first"]
        if utterance in transcripts:
            raise UserError(path, f"utterance '{utterance}' stands twice", "keep one")
        transcripts[utterance] = (match["before"] or match["after"] or "").strip()
    return transcripts
