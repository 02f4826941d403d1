"""Make sentences as long as those of WSJ, a different one for each number."""

from __future__ import annotations

import random

WORDS = (
    *("ALFA", "BRAVO", "CHARLIE", "DELTA", "ECHO", "FOXTROT", "GOLF", "HOTEL", "INDIA", "JULIETT"),
    *("KILO", "LIMA", "MIKE", "NOVEMBER", "OSCAR", "PAPA", "QUEBEC", "ROMEO", "SIERRA", "TANGO"),
    *("UNIFORM", "VICTOR", "WHISKEY", "X-RAY", "YANKEE", "ZULU"),
)
LENGTH = 17  # words
SPEAKER = 1000  # sentences per speaker


def sentence(index: int) -> str:
    """Return the words of a sentence."""
    return " ".join(random.Random(index).choices(WORDS, k=LENGTH))


def sentence_name(index: int) -> str:
    """Return the sentence's name in WSJ's form, `011C0201`; `011` is the speaker."""
    speaker, number = divmod(index, SPEAKER)
    return f"{speaker:03d}C{number:04d}"
