"""Synthetic speech of a talker who reads a sentence, at 16 kHz."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, resample_poly, sosfilt

from espnet_kd.corpora.mini_chime4.espeak import Reading, synthesize
from espnet_kd.corpora.mini_chime4.voices import Speaker
from espnet_kd.data.audio import SAMPLE_RATE

RATE = SAMPLE_RATE
_FRAME = 160
# 22,050 Hz to 16 kHz is 320/441; another divisor also changes the length of the vocal tract.
_UP, _DOWN = 320, 441
_EDGE_FADE = 80


def read_aloud(
    rng: np.random.Generator, speaker: Speaker, sentence: str, effort: float = 0.0
) -> np.ndarray:
    """Return a sentence as read by a speaker, who never reads it the same way twice.

    Args:
        rng: draws rate, pitch and the silence at both ends.
        speaker: the talker.
        sentence: words in capitals.
        effort: vocal effort from 0 (quiet booth) to 1 (shouting over noise). It raises the
            pitch, slows the speech down and boosts high frequencies (Lombard speech; we chose the
            amounts).

    Returns:
        Float32, shape (samples,), with RMS 1 over the spoken part and 0.15 to 0.3 s of silence at
        each end.
    """
    down = round(_DOWN / speaker.tract)
    reading = Reading(
        speaker.voice,
        speed=round(speaker.speed * rng.uniform(0.95, 1.06) * _DOWN / down * (1 - 0.08 * effort)),
        pitch=round(np.clip(speaker.pitch + rng.uniform(-4, 4) + 12 * effort, 0, 99)),
        pitch_range=round(np.clip(speaker.pitch_range + rng.uniform(-8, 8) + 10 * effort, 0, 99)),
    )
    raw = synthesize(sentence.lower() + ".", reading)
    wave = trim(resample_poly(raw.astype(np.float32), _UP, down))
    if effort > 0:
        wave = _lift(wave, 6.0 * effort)
    wave /= np.sqrt(np.mean(wave**2)) + 1e-9
    silence = (rng.uniform(0.15, 0.3, size=2) * RATE).astype(int)
    return np.pad(wave, silence).astype(np.float32)


def trim(wave: np.ndarray, floor_db: float = -42.0) -> np.ndarray:
    """Cut both ends off that are below `floor_db` relative to the loudest 10-ms frame; add fades.

    Raises:
        ValueError: there is no sound.
    """
    frames = wave[: len(wave) // _FRAME * _FRAME].reshape(-1, _FRAME)
    energy = np.mean(frames**2, axis=1)
    if energy.size == 0 or energy.max() == 0:
        raise ValueError("no sound to trim")
    loud = np.flatnonzero(energy > energy.max() * 10 ** (floor_db / 10))
    cut = wave[loud[0] * _FRAME : (loud[-1] + 1) * _FRAME].copy()
    fade = np.linspace(0, 1, _EDGE_FADE, dtype=np.float32)
    cut[:_EDGE_FADE] *= fade
    cut[-_EDGE_FADE:] *= fade[::-1]
    return cut


def _lift(wave: np.ndarray, decibels: float) -> np.ndarray:
    """Boost frequencies above 1 kHz."""
    high = sosfilt(butter(1, 1000, "high", fs=RATE, output="sos"), wave)
    return wave + (10 ** (decibels / 20) - 1) * high
