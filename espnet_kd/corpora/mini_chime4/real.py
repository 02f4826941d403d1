"""Real recordings: a talker with the tablet in a noisy place, not made like the simulations."""

from __future__ import annotations

import numpy as np

from espnet_kd.corpora.mini_chime4.array import (
    FILTER_DELAY,
    filter_channels,
    smooth_response,
    talker_position,
)
from espnet_kd.corpora.mini_chime4.audio import rms
from espnet_kd.corpora.mini_chime4.close_talk import close_talk
from espnet_kd.corpora.mini_chime4.faults import maybe_break
from espnet_kd.corpora.mini_chime4.places import noise
from espnet_kd.corpora.mini_chime4.plan import Session
from espnet_kd.corpora.mini_chime4.recording import Recording
from espnet_kd.corpora.mini_chime4.room import impulse_responses
from espnet_kd.corpora.mini_chime4.seeds import generator
from espnet_kd.corpora.mini_chime4.speech import RATE, read_aloud
from espnet_kd.corpora.mini_chime4.texture import colored, slow
from espnet_kd.corpora.mini_chime4.voices import speaker

_PEAK = 0.9
# Mean SNR in dB at CH5. The simulated sets of the mini corpus then have an SDR of 6.6 dB (dt05) and
# 7.7 dB (et05); CHiME-4's have 5.8 and 7.5 dB (Table 1 of Wang et al., ISCSLP 2022).
_SNR = {"tr05": 4.2, "dt05": 0.6, "et05": 4.2}
_TAIL_SECONDS = 3.0


def record(session: Session, seed: int) -> Recording:
    """Record one session of a talker reading in a noisy place."""
    rng = generator(seed, "session", session.name)
    dry, spans = _read_session(rng, session, seed, effort=rng.uniform(0.4, 0.9))
    dry *= 10 ** (slow(rng, len(dry), 2.0, -3, 3) / 20)  # the talker moves
    samples = len(dry)
    color = smooth_response(rng, 7, 2.0, rng.uniform(-4, 4))
    rooms = filter_channels(_rooms(rng, session, seed), color)
    images = filter_channels(dry, rooms, samples + FILTER_DELAY)[:, FILTER_DELAY:]
    rest = noise(rng, seed, session.environment, samples, embedded=True)

    # The SNR is set at CH5, which faces the talker.
    said = np.concatenate([images[5, span] for span in spans])
    around = np.concatenate([rest[4, span] for span in spans])
    snr = np.clip(rng.normal(_SNR[session.subset], 2.5), -5, 10)
    gain = rms(around) / rms(said) * 10 ** (snr / 20)
    level = 10 ** (rng.uniform(-36, -30) / 20)
    recording = Recording(
        speech=images[1:] * gain * level,
        rest=rest * level,
        close=close_talk(rng, images[0], rest[4]) * 10 ** (rng.uniform(-26, -20) / 20),
        spans=spans,
    )
    for span in spans:
        gains = maybe_break(rng, span.stop - span.start)
        if gains is not None:
            recording.speech[:, span] *= gains
            recording.rest[:, span] *= gains
    loudest = max(np.abs(recording.speech).max(), np.abs(recording.speech + recording.rest).max())
    peak = max(loudest / _PEAK, 1.0)
    recording.speech /= peak
    recording.rest /= peak
    recording.close /= max(np.abs(recording.close).max() / _PEAK, 1.0)
    return recording


def record_booth(session: Session, seed: int) -> Recording:
    """Record one session of a talker reading calmly in the booth."""
    rng = generator(seed, "session", session.name)
    dry, spans = _read_session(rng, session, seed, effort=0.0)
    images = filter_channels(dry, _rooms(rng, session, seed), len(dry)) * 0.08
    faint = ((20, 0), (200, -6), (8000, -25))
    rest = np.stack([colored(rng, len(dry), faint) for _ in range(7)]) * 2e-4
    for wave in (images, rest):
        wave /= max(np.abs(images).max() / _PEAK, 1.0)
    return Recording(images[1:], rest[1:], images[0] * 0.5 + rest[0], spans)


def talker_in(session: Session, seed: int) -> np.ndarray:
    """Return the position of a session's talker relative to the tablet: meters, shape (3,)."""
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
