"""Sentences as long as those of WSJ, a different one for each number."""

from __future__ import annotations

import random

WORDS = (
    *("ALFA", "BRAVO", "CHARLIE", "DELTA", "ECHO", "FOXTROT", "GOLF", "HOTEL", "INDIA", "JULIETT"),
    *("KILO", "LIMA", "MIKE", "NOVEMBER", "OSCAR", "PAPA", "QUEBEC", "ROMEO", "SIERRA", "TANGO"),
    *("UNIFORM", "VICTOR", "WHISKEY", "X-RAY", "YANKEE", "ZULU"),
)
LENGTH = 17  # words
SPEAKER = 1000  # sentences of a speaker


def sentence(index: int) -> str:
    """Words of a sentence."""
    return " ".join(random.Random(index).choices(WORDS, k=LENGTH))


def sentence_name(index: int) -> str:
    """Its name in WSJ's form, `011C0201`: three letters are the speaker's."""
    speaker, number = divmod(index, SPEAKER)
    return f"{speaker:03d}C{number:04d}"
