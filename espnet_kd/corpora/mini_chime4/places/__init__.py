"""The four noisy places: `sources` in each module draws the sounds of one of them."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from espnet_kd.corpora.mini_chime4.array import plane_waves, smooth_response
from espnet_kd.corpora.mini_chime4.places import bus, cafe, pedestrian, street

PLACES: dict[str, ModuleType] = {"BUS": bus, "CAF": cafe, "PED": pedestrian, "STR": street}


def noise(
    rng: np.random.Generator, seed: int, place: str, samples: int, embedded: bool
) -> np.ndarray:
    """Record a place with the tablet.

    Args:
        rng: draws everything except the voices of the crowd.
        seed: seed of the corpus; it determines the voices.
        place: BUS, CAF, PED or STR.
        samples: length at 16 kHz.
        embedded: whether the noise is for real recordings, in which the sources, the coloration of
            the microphones and the spectral balance differ from the backgrounds of simulations.

    Returns:
        float32, shape (6, samples), RMS 1 over all channels.
    """
    tilt = rng.uniform(-6, 10) if embedded else rng.uniform(-3, 3)
    responses = smooth_response(rng, 6, 1.5 if embedded else 0.7, tilt)
    sources = PLACES[place].sources(rng, seed, samples, embedded)
    wave = plane_waves(rng, sources, samples, responses)
    return wave / np.sqrt(np.mean(wave**2) + 1e-12)
