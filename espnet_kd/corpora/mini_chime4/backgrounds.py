"""Background sessions: the places without a talker, used to simulate tr05."""

from __future__ import annotations

from pathlib import Path

from espnet_kd.corpora.mini_chime4.audio import to_int16, write_channels
from espnet_kd.corpora.mini_chime4.places import noise
from espnet_kd.corpora.mini_chime4.seeds import generator
from espnet_kd.corpora.mini_chime4.speech import RATE


def write_background(name: str, seconds: float, seed: int, audio: Path) -> None:
    """Write CH1 to CH6 of a background session, whose name ends in its environment."""
    rng = generator(seed, "background", name)
    wave = noise(rng, seed, name[-3:], round(seconds * RATE), embedded=False)
    wave *= min(10 ** (rng.uniform(-36, -30) / 20), 0.7 / abs(wave).max())
    write_channels(audio / "backgrounds" / name, to_int16(wave), first=1)
