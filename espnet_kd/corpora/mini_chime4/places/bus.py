"""On a bus: engine, rumble, bumps, brakes, a passenger."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from espnet_kd.corpora.mini_chime4.speech import RATE
from espnet_kd.corpora.mini_chime4.texture import colored, hum, murmur, scatter, slow, thump


def sources(
    rng: np.random.Generator, seed: int, samples: int, embedded: bool
) -> Iterator[np.ndarray]:
    """Yield the sources one by one; with `embedded`, the engine is faster and people talk more."""
    low, high = (32, 70) if embedded else (22, 48)
    revolutions = slow(rng, samples, 3.0, low, high)
    load = revolutions / high
    yield hum(rng, revolutions, 40, 1.0) * load
    for _ in range(3):
        shape = ((20, 0), (120, 2), (500, -7), (2000, -15), (8000, -30))
        yield 0.7 * colored(rng, samples, shape) * slow(rng, samples, 4.0, 0.5, 1.0)
    hiss = ((20, -40), (400, -12), (1500, 0), (4000, -6), (8000, -15))
    yield 0.45 * colored(rng, samples, hiss) * load
    yield scatter(
        rng, samples, 0.5, lambda: thump(rng, RATE // 2, rng.uniform(60, 300), 0.08), (0.5, 2.5)
    )
    yield scatter(rng, samples, 0.06, lambda: _brake(rng), (0.2, 0.6))
    yield 0.35 * murmur(rng, seed, samples, pause=3.0 if embedded else 9.0)


def _brake(rng: np.random.Generator) -> np.ndarray:
    length = int(rng.uniform(0.6, 1.4) * RATE)
    pitch = np.linspace(rng.uniform(1800, 2800), rng.uniform(1200, 1700), length)
    squeal = hum(rng, pitch.astype(np.float32), 2, 1.0) * np.hanning(length)
    release = thump(rng, length, 3000, 0.15)
    return np.concatenate([squeal, release]).astype(np.float32)
