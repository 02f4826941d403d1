"""In a café: babble, crockery, music."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from espnet_kd.corpora.mini_chime4.speech import RATE
from espnet_kd.corpora.mini_chime4.texture import colored, hum, murmur, ping, scatter, slow, thump


def sources(
    rng: np.random.Generator, seed: int, samples: int, embedded: bool
) -> Iterator[np.ndarray]:
    """Yield the sources one by one; with `embedded`, more people talk and crockery is louder."""
    for _ in range(8 if embedded else 6):
        yield murmur(rng, seed, samples, 2.0) * slow(rng, samples, 4.0, 0.3, 1.0)
    crockery = scatter(rng, samples, 1.6, lambda: ping(rng, 1800, 6500, rng.uniform(0.01, 0.06)))
    yield (1.6 if embedded else 1.0) * crockery
    yield scatter(rng, samples, 0.3, lambda: thump(rng, RATE // 4, 700, 0.03), (0.5, 2.0))
    for _ in range(2):
        room = ((20, -10), (150, 0), (1000, -8), (8000, -28))
        yield 0.35 * colored(rng, samples, room) * slow(rng, samples, 6.0, 0.6, 1.0)
    yield 0.3 * _music(rng, samples)


def _music(rng: np.random.Generator, samples: int) -> np.ndarray:
    """Return chords of three notes, with a new chord about every second."""
    beat = int(rng.uniform(0.7, 1.3) * RATE)
    roots = 110 * 2 ** (rng.choice([0, 2, 4, 5, 7, 9], size=samples // beat + 1) / 12)
    pitch = np.repeat(roots, beat)[:samples]
    within = np.arange(samples) % beat / beat
    chord = sum(hum(rng, pitch * ratio, 8, 1.5) for ratio in (1.0, 1.26, 1.5))
    return (chord * np.exp(-1.5 * within)).astype(np.float32)
