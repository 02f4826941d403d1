"""In a pedestrian area: footsteps, passers-by who talk, wind, a distant town."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from espnet_kd.corpora.mini_chime4.speech import RATE
from espnet_kd.corpora.mini_chime4.texture import (
    colored,
    murmur,
    ping,
    scatter,
    slow,
    steps,
    swell,
)


def sources(
    rng: np.random.Generator, seed: int, samples: int, embedded: bool
) -> Iterator[np.ndarray]:
    """Yield the sources one by one; with `embedded`, there are more people and more wind."""
    for _ in range(4 if embedded else 3):
        yield 1.2 * steps(rng, samples)
    for _ in range(4 if embedded else 3):
        yield murmur(rng, seed, samples, 2.0) * _passing(rng, samples)
    gust = ((20, 6), (80, 2), (300, -20), (1500, -40), (8000, -60))
    yield (
        (0.7 if embedded else 0.4) * colored(rng, samples, gust) * slow(rng, samples, 1.5, 0.1, 1.0)
    )
    for _ in range(3):
        town = ((20, 0), (200, 0), (1000, -6), (3000, -14), (8000, -30))
        yield 0.3 * colored(rng, samples, town) * slow(rng, samples, 5.0, 0.6, 1.0)
    yield scatter(rng, samples, 0.15, lambda: ping(rng, 900, 3500, 0.12), (0.1, 0.5))


def _passing(rng: np.random.Generator, samples: int) -> np.ndarray:
    """Return the level of a group over time, 0.15 to 1; it comes near every few seconds."""
    near = scatter(rng, samples, 0.12, lambda: swell(int(rng.uniform(4, 9) * RATE)))
    return 0.15 + np.minimum(near, 0.85)
