"""Real recordings: a talker with the tablet in a noisy place, made unlike the simulations."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

from espnet_kd.corpora.mini_chime4.array import (
    FILTER_DELAY,
    filter_channels,
    smooth_response,
    talker_position,
)
from espnet_kd.corpora.mini_chime4.audio import to_int16, write_channels
from espnet_kd.corpora.mini_chime4.faults import correlations, maybe_break
from espnet_kd.corpora.mini_chime4.places import noise
from espnet_kd.corpora.mini_chime4.plan import Session
from espnet_kd.corpora.mini_chime4.room import impulse_responses
from espnet_kd.corpora.mini_chime4.seeds import generator
from espnet_kd.corpora.mini_chime4.speech import RATE, read_aloud
from espnet_kd.corpora.mini_chime4.texture import coloured, slow
from espnet_kd.corpora.mini_chime4.voices import speaker

_PEAK = 0.9
_TAIL_SECONDS = 3.0


@dataclass
class Recording:
    """What the tablet heard; full scale is 1.

    Attributes:
        speech: image of the talker at CH1 to CH6, shape (6, samples).
        rest: everything else, shape (6, samples).
        close: CH0 as its own recorder heard it, shape (samples,).
        spans: sample range of each utterance.
        broken: indices of utterances with a failing microphone.
    """

    speech: np.ndarray
    rest: np.ndarray
    close: np.ndarray
    spans: list[slice]
    broken: list[int] = field(default_factory=list)


def record(session: Session, seed: int) -> Recording:
    """Record one session of a talker reading in a noisy place."""
    rng = generator(seed, "session", session.name)
    dry, spans = _read_session(rng, session, seed, effort=rng.uniform(0.4, 0.9))
    dry *= 10 ** (slow(rng, len(dry), 2.0, -3, 3) / 20)  # the talker moves
    samples = len(dry)
    colour = smooth_response(rng, 7, 2.0, rng.uniform(-4, 4))
    rooms = filter_channels(_rooms(rng, session, seed), colour)
    images = filter_channels(dry, rooms, samples + FILTER_DELAY)[:, FILTER_DELAY:]
    rest = noise(rng, seed, session.environment, samples, embedded=True)

    # CH5 stands for the tablet: it faces the talker.
    said = np.concatenate([images[5, span] for span in spans])
    around = np.concatenate([rest[4, span] for span in spans])
    snr = np.clip(rng.normal(4.2, 2.5), 0, 10)
    gain = _rms(around) / _rms(said) * 10 ** (snr / 20)
    level = 10 ** (rng.uniform(-36, -30) / 20)
    recording = Recording(
        speech=images[1:] * gain * level,
        rest=rest * level,
        close=_close_talk(rng, images[0], rest[4]) * 10 ** (rng.uniform(-26, -20) / 20),
        spans=spans,
    )
    for index, span in enumerate(spans):
        gains = maybe_break(rng, span.stop - span.start)
        if gains is not None:
            recording.speech[:, span] *= gains
            recording.rest[:, span] *= gains
            recording.broken.append(index)
    loudest = max(np.abs(recording.speech).max(), np.abs(recording.speech + recording.rest).max())
    peak = max(loudest / _PEAK, 1.0)
    recording.speech /= peak
    recording.rest /= peak
    recording.close /= max(np.abs(recording.close).max() / _PEAK, 1.0)
    return recording


def record_booth(session: Session, seed: int) -> Recording:
    """Record one session of a talker reading at ease in the booth."""
    rng = generator(seed, "session", session.name)
    dry, spans = _read_session(rng, session, seed, effort=0.0)
    images = filter_channels(dry, _rooms(rng, session, seed), len(dry)) * 0.08
    faint = ((20, 0), (200, -6), (8000, -25))
    rest = np.stack([coloured(rng, len(dry), faint) for _ in range(7)]) * 2e-4
    for wave in (images, rest):
        wave /= max(np.abs(images).max() / _PEAK, 1.0)
    return Recording(images[1:], rest[1:], images[0] * 0.5 + rest[0], spans)


def write_recording(
    session: Session, recording: Recording, audio: Path, truth: Path | None
) -> list[dict]:
    """Write a session: the whole under `embedded`, its utterances under `isolated`.

    Args:
        session: what was read.
        recording: what was heard.
        audio: the corpus' `audio/16kHz`.
        truth: where the talker's image alone goes, if anywhere.

    Returns:
        One annotation per utterance; `correlations` among its fields is not CHiME-4's and is meant
        for mic_error.csv.
    """
    tablet = to_int16(recording.speech + recording.rest)
    everything = np.concatenate([to_int16(recording.close)[None], tablet])
    write_channels(audio / "embedded" / session.name, everything, first=0)
    folder = f"{session.subset}_bth"
    if session.environment != "BTH":
        folder = f"{session.subset}_{session.environment.lower()}_real"
    speech = to_int16(recording.speech)
    annotations = []
    for utterance, span in zip(session.utterances, recording.spans, strict=True):
        write_channels(audio / "isolated" / folder / utterance.name, everything[:, span], first=0)
        if truth is not None:
            write_channels(truth / folder / utterance.name, speech[:, span], first=1)
        annotations.append(
            {
                "speaker": utterance.speaker,
                "wsj_name": utterance.prompt.wsj_name,
                "environment": utterance.environment,
                "wavfile": session.name,
                "start": span.start / RATE,
                "end": span.stop / RATE,
                "repeat": 1,
                "dot": utterance.prompt.dot,
                "correlations": correlations(tablet[:, span]).round(4).tolist(),
            }
        )
    return annotations


def talker_in(session: Session, seed: int) -> np.ndarray:
    """Where the talker of a session is, seen from the tablet: metres, shape (3,)."""
    return talker_position(generator(seed, "talker", session.name))


def _rooms(rng: np.random.Generator, session: Session, seed: int) -> np.ndarray:
    return impulse_responses(rng, session.environment, talker_in(session, seed))


def _read_session(
    rng: np.random.Generator, session: Session, seed: int, effort: float
) -> tuple[np.ndarray, list[slice]]:
    talker = speaker(session.speaker, seed)
    position = int(rng.uniform(0.5, 1.0) * RATE)
    spans, pieces = [], []
    for utterance in session.utterances:
        wave = read_aloud(rng, talker, utterance.prompt.words, effort)
        spans.append(slice(position, position + len(wave)))
        pieces.append(wave)
        position += len(wave) + int(rng.uniform(0.6, 1.2) * RATE)
    dry = np.zeros(position + int(_TAIL_SECONDS * RATE), np.float32)
    for span, wave in zip(spans, pieces, strict=True):
        dry[span] = wave
    return dry, spans


def _close_talk(rng: np.random.Generator, image: np.ndarray, nearby: np.ndarray) -> np.ndarray:
    """Hear the talker from near by, on another recorder: late by up to 10 ms, clock 50 ppm off."""
    # Half of the noise is not the tablet's: it comes to the mouth from elsewhere.
    around = nearby + np.roll(nearby, RATE)
    muffled = sosfilt(butter(1, 3000, fs=RATE, output="sos"), around)
    snr = rng.uniform(12, 18)
    wave = image / _rms(image) + muffled / _rms(muffled) * 10 ** (-snr / 20)
    drift = 1 + rng.choice([-1, 1]) * rng.uniform(20e-6, 50e-6)
    places = np.arange(len(wave)) * drift - rng.uniform(0.001, 0.010) * RATE
    return _interpolate(wave, places)


def _interpolate(wave: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Read a signal at fractional places (cubic Lagrange), zeros outside."""
    padded = np.pad(wave, (2, 3))
    whole = np.floor(places).astype(int)
    t = (places - whole).astype(np.float32)
    base = np.clip(whole + 2, 1, len(padded) - 3)
    weights = (
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    )
    taken = sum(w * padded[base + k] for k, w in zip((-1, 0, 1, 2), weights, strict=True))
    inside = (places >= 0) & (places <= len(wave) - 1)
    return np.where(inside, taken, 0).astype(np.float32)


def _rms(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)))) + 1e-12
