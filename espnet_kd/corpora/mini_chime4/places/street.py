"""Next to a street: passing cars, wind, horns, a steady rumble."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from espnet_kd.corpora.mini_chime4.speech import RATE
from espnet_kd.corpora.mini_chime4.texture import (
    colored,
    hum,
    murmur,
    scatter,
    slow,
    swell,
)


def sources(
    rng: np.random.Generator, seed: int, samples: int, embedded: bool
) -> Iterator[np.ndarray]:
    """Yield the sources one by one; with `embedded`, the road is wet and has more traffic."""
    cars = 0.3 if embedded else 0.2
    for _ in range(3):
        yield 1.3 * scatter(rng, samples, cars, lambda: _car(rng, embedded), (0.3, 1.0))
    for _ in range(3):
        rumble = ((20, 3), (120, 2), (500, -8), (2000, -16), (8000, -32))
        yield 0.45 * colored(rng, samples, rumble) * slow(rng, samples, 6.0, 0.6, 1.0)
    gust = ((20, 6), (100, 0), (400, -22), (8000, -60))
    yield 0.4 * colored(rng, samples, gust) * slow(rng, samples, 1.5, 0.1, 1.0)
    yield scatter(rng, samples, 0.04, lambda: _horn(rng), (0.2, 0.7))
    yield 0.25 * murmur(rng, seed, samples, pause=6.0)


def _car(rng: np.random.Generator, wet: bool) -> np.ndarray:
    """Return the sound of one car's tires and engine; its pitch falls as the car passes."""
    length = int(rng.uniform(2.0, 4.5) * RATE)
    bright = 4.0 if wet else -2.0
    tires = ((30, -6), (200, -2), (900, 0), (2500, bright - 8), (8000, bright - 20))
    turn = 1 - 0.06 * np.tanh(np.linspace(-4, 4, length))
    engine = hum(rng, (rng.uniform(50, 90) * turn).astype(np.float32), 20, 1.0)
    return (colored(rng, length, tires) + 0.7 * engine) * swell(length)


def _horn(rng: np.random.Generator) -> np.ndarray:
    length = int(rng.uniform(0.2, 0.7) * RATE)
    pitch = np.full(length, rng.uniform(380, 460), np.float32)
    both = hum(rng, pitch, 10, 0.8) + hum(rng, pitch * 1.26, 10, 0.8)
    fade = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / 400)
    return (both * fade).astype(np.float32)
