"""Read the transcripts of WSJ and CHiME-4, and normalize them for recognition."""

from __future__ import annotations

import os
import re
import string
from collections.abc import Sequence
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_text

NOISE = "<NOISE>"
# Marks of verbalized punctuation (",COMMA", "(PAREN"), emphasis and partial words: the prompts of
# tr05_simu have them, those of the recorded sets do not.
WSJ_MARKS = "!\"&'()*,-./:;?_`{}~"
ALLOWED = frozenset(string.ascii_uppercase + WSJ_MARKS + " ")

_SPELLED = {"%PERCENT": "PERCENT", ".POINT": "POINT", "--DASH": "-DASH"}
# As in WSJ's usual recipes, some marks also remove the word that they are attached to.
_OVERLAP = re.compile(r"\[<[^]]*\]|\[[^]]*>\]|.*\[[^]]*/\]|.*\[/[^]]*\]")
_EVENT = re.compile(r".*\[[^]]*\].*")
_CORRECTED = re.compile(r"<([^<>]+)>")

_NAME = r"(?P<name>[0-9A-Za-z]+_[0-9A-Za-z]+_[A-Za-z]+)"
CHIME4_LINES = (
    re.compile(rf"(?P<words>.*?)\s*\({_NAME}\)"),
    re.compile(rf"{_NAME}\b(?P<words>.*)"),
)
WSJ_LINES = (re.compile(r"(?P<words>.*?)\s*\((?P<name>[0-9A-Za-z]{8})\)"),)


def normalize(raw: str) -> str:
    """Normalize a WSJ transcript by the rules of WSJ's usual recipes, word by word.

    Upper case; no backslashes; %PERCENT, .POINT, --DASH spelled as words (-DASH keeps one dash);
    marks of overlapping noise ([<x], [x>], [x/], [/x]), "~" and a lone "." dropped; other [x]
    become <NOISE>; <WORD> becomes WORD. Our interpretation: <*IN*>, one of two such words in WSJ,
    also becomes *IN*; other recipes keep these words as separate symbols.
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
    """Normalize and check one transcript.

    Args:
        raw: transcript as annotated.
        utterance: named in errors.
        source: file named in errors.

    Raises:
        UserError: the result is empty, or has a character other than A-Z and WSJ's marks.
    """
    text = normalize(raw)
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


def read_transcripts(path: Path, lines: Sequence[re.Pattern[str]] = CHIME4_LINES) -> dict[str, str]:
    """Read raw transcripts, one per line: `WORDS (id)` or, in CHiME-4's files, `id WORDS`.

    Args:
        path: a `.dot_all`, `.trn_all`, `.dot` or `.trn` file.
        lines: accepted forms of a line, CHIME4_LINES or WSJ_LINES.

    Raises:
        UserError: an utterance appears twice, a line names none, or the text is not UTF-8.
    """
    transcripts: dict[str, str] = {}
    for line in filter(None, map(str.strip, read_text(path).splitlines())):
        match = next(filter(None, (form.fullmatch(line) for form in lines)), None)
        if match is None:
            raise UserError(path, f"line '{line}' names no utterance", "restore the file")
        if match["name"] in transcripts:
            raise UserError(path, f"utterance '{match['name']}' appears twice", "keep one")
        transcripts[match["name"]] = match["words"].strip()
    return transcripts
