"""Building blocks of noise: hiss, hum, slow curves, events, murmuring people.

Every function works on signals at 16 kHz of shape (samples,).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.fft import irfft, next_fast_len, rfftfreq

from espnet_kd.corpora.mini_chime4.audio import rms
from espnet_kd.corpora.mini_chime4.sentences import distinct_sentences
from espnet_kd.corpora.mini_chime4.speech import RATE, read_aloud
from espnet_kd.corpora.mini_chime4.voices import crowd

_CHATTER = (
    "did you hear what she told him",
    "we could meet again at the station",
    "another coffee and two slices of cake please",
    "my brother never answers his telephone",
    "that was the funniest film i have ever seen",
    "come on we are going to miss it",
    "the children were playing in the garden all afternoon",
    "i really do not know what to cook tonight",
)


def colored(
    rng: np.random.Generator, samples: int, points: Sequence[tuple[float, float]]
) -> np.ndarray:
    """Return Gaussian noise of RMS 1 whose spectrum passes through (hertz, decibels) points."""
    size = next_fast_len(samples, real=True)
    hertz, decibels = np.array(points, dtype=float).T
    axis = np.log2(np.maximum(rfftfreq(size, 1 / RATE), 1.0))
    shape = 10 ** (np.interp(axis, np.log2(hertz), decibels) / 20)
    draw = rng.standard_normal((2, len(shape)), dtype=np.float32)
    spectrum = (draw[0] + 1j * draw[1]) * shape.astype(np.float32)
    spectrum[0] = 0
    return unit(irfft(spectrum, size)[:samples])


def slow(
    rng: np.random.Generator, samples: int, period: float, low: float, high: float
) -> np.ndarray:
    """Return a curve between `low` and `high` with a random knot about every `period` seconds."""
    knots = max(2, int(np.ceil(samples / RATE / period)) + 1)
    values = rng.uniform(low, high, knots)
    places = np.linspace(0, samples, knots)
    return np.interp(np.arange(samples), places, values).astype(np.float32)


def hum(rng: np.random.Generator, pitch: np.ndarray, harmonics: int, fall: float) -> np.ndarray:
    """Return a periodic sound, RMS about 1: harmonics of `pitch` (hertz) that fall as 1/k^fall."""
    table_size = 4096
    phase = np.arange(table_size) / table_size
    orders = np.arange(1, harmonics + 1)[:, None]
    amplitudes = rng.uniform(0.5, 1.0, (harmonics, 1)) * orders**-fall
    offsets = rng.random((harmonics, 1))
    table = unit(np.sum(amplitudes * np.sin(2 * np.pi * (orders * phase + offsets)), axis=0))
    turns = np.cumsum(pitch, dtype=np.float64) / RATE
    return table[((turns % 1.0) * table_size).astype(int)].astype(np.float32)


def ping(rng: np.random.Generator, low: float, high: float, decay: float) -> np.ndarray:
    """Return the sound of a struck object: three partials in `low` to `high` hertz.

    They decay with a time constant of `decay` seconds.
    """
    seconds = np.arange(int(decay * 4 * RATE)) / RATE
    partials = rng.uniform(low, high, (3, 1))
    tones = np.sum(np.sin(2 * np.pi * partials * seconds), axis=0)
    return (tones * np.exp(-seconds / decay)).astype(np.float32)


def thump(rng: np.random.Generator, samples: int, cut: float, decay: float) -> np.ndarray:
    """Return a burst of noise below about `cut` hertz with a sharp start."""
    burst = colored(rng, samples, ((20, 0), (cut, 0), (cut * 4, -30), (8000, -45)))
    return burst * np.exp(-np.arange(samples) / RATE / decay).astype(np.float32)


def swell(samples: int) -> np.ndarray:
    """Return a bell curve, the level of something that passes by."""
    return np.hanning(samples).astype(np.float32)


def scatter(
    rng: np.random.Generator,
    samples: int,
    per_second: float,
    make: Callable[[], np.ndarray],
    gains: tuple[float, float] = (0.3, 1.0),
) -> np.ndarray:
    """Place sounds from `make` at random times, `per_second` on average, with random gains."""
    out = np.zeros(samples, np.float32)
    for start in np.sort(rng.integers(0, samples, rng.poisson(per_second * samples / RATE))):
        event = make()[: samples - start]
        out[start : start + len(event)] += rng.uniform(*gains) * event
    return out


def steps(rng: np.random.Generator, samples: int) -> np.ndarray:
    """Return one walker's footsteps, which come near and go away."""
    out = np.zeros(samples, np.float32)
    shoe = [thump(rng, 1600, rng.uniform(300, 900), 0.02) for _ in range(4)]
    pace = rng.uniform(0.45, 0.62)
    position = rng.uniform(0, pace)
    while int(position * RATE) < samples - 1600:
        start = int(position * RATE)
        out[start : start + 1600] += shoe[rng.integers(4)] * rng.uniform(0.6, 1.0)
        position += pace * rng.uniform(0.95, 1.05)
    return out * slow(rng, samples, 5.0, 0.1, 1.0)


def murmur(rng: np.random.Generator, seed: int, samples: int, pause: float) -> np.ndarray:
    """Return speech of one person in the crowd, with pauses of up to `pause` seconds; RMS about 1.

    About half of the sentences come from the grammar of the corpus; the rest is small talk.
    """
    out = np.zeros(samples, np.float32)
    person = crowd(rng, seed)
    position = int(rng.uniform(0, 2) * RATE)
    while position < samples:
        small_talk = rng.random() < 0.5
        text = rng.choice(_CHATTER) if small_talk else distinct_sentences(rng, 1)[0]
        said = read_aloud(rng, person, str(text))[: samples - position]
        out[position : position + len(said)] += said
        position += len(said) + int(rng.uniform(0, pause) * RATE)
    return out


def unit(wave: np.ndarray) -> np.ndarray:
    """Scale to RMS 1."""
    return (wave / rms(wave)).astype(np.float32)
