"""Newspaper-like sentences from a small grammar, and their WSJ-style transcripts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_SLOTS = {
    "org": (
        "THE BANK|THE COMPANY|THE GOVERNMENT|THE UNION|THE COUNCIL|THE AIRLINE|CENTRAL POWER"
        "|PACIFIC TRAVEL|NORTHERN STEEL|FEDERAL OIL|HARBOR MOTORS|SUMMIT PAPER|EASTERN GAS"
    ),
    "people": (
        "ANALYSTS|INVESTORS|TRADERS|LAWYERS|FARMERS|OFFICIALS|WORKERS|VOTERS|CRITICS|MANAGERS"
        "|DEALERS|ECONOMISTS"
    ),
    "person": (
        "THE PRESIDENT|THE CHAIRMAN|THE SENATOR|THE MAYOR|THE MINISTER|THE JUDGE|MISTER BROWN"
        "|MISSUS GREEN|DOCTOR WHITE|A SPOKESMAN"
    ),
    "things": (
        "PROFITS|PRICES|SALES|RATES|SHARES|EXPORTS|IMPORTS|WAGES|COSTS|TAXES|ORDERS|LOANS|BONDS"
    ),
    "of": "OIL|STEEL|FOOD|HOUSE|GRAIN|COPPER|CAR|SILVER",
    "moved": "ROSE|FELL|CLIMBED|DROPPED|JUMPED|SLIPPED",
    "move": "RISE|FALL|CLIMB|DROP|IMPROVE|RECOVER",
    "digit": "ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE",
    "number": "TEN|TWELVE|TWENTY|THIRTY|FORTY|FIFTY|SIXTY|NINETY",
    "big": "HUNDRED|THOUSAND|MILLION|BILLION",
    "when": (
        "LAST YEAR|THIS WEEK|LAST MONTH|ON MONDAY|ON TUESDAY|ON FRIDAY|IN MARCH|IN AUGUST"
        "|IN DECEMBER|YESTERDAY|TODAY"
    ),
    "soon": "NEXT YEAR|TOMORROW|BY SUMMER|BEFORE WINTER|AFTER THE ELECTION|SOON",
    "place": (
        "THE NORTH|THE SOUTH|LONDON|CHICAGO|BOSTON|EUROPE|CANADA|THE VALLEY|THE CITY|THE COAST"
    ),
    "weather": "RAIN|SNOW|WIND|FOG|SUNSHINE|HEAVY CLOUDS|STORMS",
    "adjective": "STRONG|WEAK|NEW|SHARP|STEADY|MODEST|RECORD",
    "noun": "PLAN|REPORT|BUDGET|CONTRACT|DEAL|VOTE|TREATY|OFFER",
    "did": "REJECTED|APPROVED|DELAYED|SUPPORTED|SIGNED|DISCUSSED|ATTACKED",
    "said": "SAID|EXPECT|BELIEVE|HOPE|DOUBT",
    "build": "BUILD|CLOSE|SELL|BUY|OPEN",
    "site": "FACTORY|BRIDGE|SCHOOL|AIRPORT|MINE|HOSPITAL|OFFICE",
}

_TEMPLATES = (
    "{of} {things} {moved} {digit} PERCENT {when}",
    "{things} IN {place} {moved} {when}",
    "{people} {said} {things} COULD {move} {soon}",
    "{things} MUST {move} IN {place}",
    "{org} {did} THE {adjective} {noun} {when}",
    "{people} {said} {of} {things} WILL {move} {soon}",
    "{person} {did} A {adjective} {noun} IN {place}",
    "{weather} WILL REACH {place} {soon}",
    "{things} {moved} {digit} POINT {digit} PERCENT {when}",
    "{org} PLANS TO {build} A {site} {soon}",
    "{org} WILL {build} {number} STORES IN {place}",
    "{person} MET {number} {people} IN {place}",
    "{people} SAW {adjective} {of} {things} {when}",
    "{org} LOST {number} {big} DOLLARS {when}",
    "{org} PAID {digit} {big} DOLLARS FOR THE {site}",
    "{adjective} {weather} HURT {people} IN {place}",
    "{person} ASKED {people} ABOUT THE {noun}",
    "NO {people} {did} THE {noun} {when}",
    "{person} WANTS LOWER {things} {soon}",
    "HIGHER {of} {things} WORRY {people}",
    "{number} {big} {people} LEFT {place} {when}",
    "BUT {people} WERE NOT SURE ABOUT {of} {things}",
)

_CHOICES = {slot: tuple(words.split("|")) for slot, words in _SLOTS.items()}


def vocabulary() -> set[str]:
    """Return every word that the grammar can produce."""
    words = {word for choices in _CHOICES.values() for choice in choices for word in choice.split()}
    fixed = " ".join(_TEMPLATES).split()
    return words | {word for word in fixed if not word.startswith("{")}


def distinct_sentences(rng: np.random.Generator, count: int) -> list[str]:
    """Draw `count` different sentences, in capitals, without punctuation.

    Templates and words are drawn without replacement until all have been used, so all of them
    occur about equally often.
    """
    templates = _deal(rng, _TEMPLATES)
    slots = {f"{{{slot}}}": _deal(rng, choices) for slot, choices in _CHOICES.items()}
    sentences: dict[str, None] = {}
    while len(sentences) < count:
        tokens = next(templates).split()
        words = [next(slots[token]) if token in slots else token for token in tokens]
        sentences[" ".join(words)] = None
    return list(sentences)


def _deal(rng: np.random.Generator, choices: tuple[str, ...]) -> Iterator[str]:
    while True:
        for index in rng.permutation(len(choices)):
            yield choices[index]


def wsj_dot(rng: np.random.Generator, sentence: str) -> str:
    """Return a sentence as in WSJ's `.dot` files, with the marks that a normalizer must remove.

    "POINT" becomes ".POINT", and "PERCENT" may become "%PERCENT". Occasionally, a word is in angle
    brackets (mispronounced), a noise begins and ends ("[<door_slam]", "[door_slam>]"), or the line
    ends in "~" or a lone ".".
    """
    tokens = []
    for word in sentence.split():
        if word == "POINT":
            word = ".POINT"
        elif word == "PERCENT" and rng.random() < 0.5:
            word = "%PERCENT"
        elif rng.random() < 0.01:
            word = f"<{word}>"
        tokens.append(word)
    if rng.random() < 0.04:
        at = int(rng.integers(len(tokens)))
        tokens.insert(at, "[<door_slam]")
        tokens.insert(int(rng.integers(at + 1, len(tokens) + 1)), "[door_slam>]")
    if rng.random() < 0.06:
        tokens.append("~" if rng.random() < 0.5 else ".")
    return " ".join(tokens)
