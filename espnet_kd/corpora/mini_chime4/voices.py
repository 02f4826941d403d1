"""The speakers: who they are, which set they belong to, and how each one sounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from espnet_kd.corpora.mini_chime4.seeds import generator

REAL_SPEAKERS = {
    "tr05": ("F02", "F03", "M01", "M02"),
    "dt05": ("F01", "F04", "M03", "M04"),
    "et05": ("F05", "F06", "M05", "M06"),
}

# Variants of espeak-ng that speak clearly, each with its own vocal tract.
# Only real speakers use the first six of each sex.
_RESERVED = 6
_FEMALE = "f5 Alicia f2 Andrea f1 linda Annie f4 belinda f3 steph anika steph3"
_MALE = (
    "m3 Andy m1 Michael m7 Gene m2 Denis m4 pablo m8 Alex m6 Henrique Lee Hugo john iven Marco"
    " miguel norbert quincy robert travis victor Diogo paul max"
)
_ACCENTS = ("en-us", "en-us", "en-us", "en", "en-us-nyc", "en-us", "en-gb-x-rp")
_SYMBOLS = "123456789abcdefghijklmnopqrstuvwxyz"
_EVERY_SIMU = tuple(f"{group}{symbol}" for group in ("01", "20", "40", "46") for symbol in _SYMBOLS)


@dataclass(frozen=True)
class Speaker:
    """One talker.

    Attributes:
        name: e.g. "F01" (real), or WSJ0-like "01a" (simulated).
        voice: espeak voice.
        speed: words per minute.
        pitch, pitch_range: 0 to 100, as in espeak.
        tract: vocal-tract length relative to the voice's; above 1, formants and pitch are lower.
    """

    name: str
    voice: str
    speed: float
    pitch: float
    pitch_range: float
    tract: float


def simu_speakers(count: int) -> tuple[str, ...]:
    """Return the first `count` WSJ0-like names: 011, 012, ... 01z, 201, ..."""
    return _EVERY_SIMU[:count]


def speaker(name: str, seed: int) -> Speaker:
    """Return the speaker `name`; the voices of real speakers do not occur in tr05_simu."""
    variant, accent = _variant_and_accent(name)
    rng = generator(seed, "speaker", name)
    return Speaker(
        name,
        voice=f"{accent}+{variant}",
        speed=rng.uniform(155, 178),
        pitch=rng.uniform(38, 62),
        pitch_range=rng.uniform(35, 65),
        tract=rng.uniform(0.94, 1.06),
    )


def is_female(name: str) -> bool:
    """Return whether a speaker is female: real ones by letter, every second one of the others."""
    return name[0] == "F" if name[0] in "FM" else _EVERY_SIMU.index(name) % 2 == 0


def _variant_and_accent(name: str) -> tuple[str, str]:
    variants = (_FEMALE if is_female(name) else _MALE).split()
    if name[0] in "FM":
        rank = int(name[1:]) - 1
        return variants[rank], _ACCENTS[rank]
    rank = _EVERY_SIMU.index(name) // 2
    others = variants[_RESERVED:]
    return others[rank % len(others)], _ACCENTS[(rank + rank // len(others)) % len(_ACCENTS)]


def crowd(rng: np.random.Generator, seed: int) -> Speaker:
    """Draw a passer-by: a voice of tr05_simu with another vocal tract and speed."""
    base = speaker(_EVERY_SIMU[rng.integers(len(_EVERY_SIMU))], seed)
    return replace(base, name="crowd", tract=rng.uniform(0.88, 1.12), speed=rng.uniform(150, 200))
