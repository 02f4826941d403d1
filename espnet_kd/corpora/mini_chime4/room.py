"""Rooms of the real recordings: impulse responses from the mouth to CH0 and to the tablet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyroomacoustics

from espnet_kd.corpora.mini_chime4.array import FRONT_GAIN, MICROPHONES
from espnet_kd.corpora.mini_chime4.speech import RATE

_CLOSE_TALK = np.array([0.03, -0.02, -0.03])  # relative to the mouth, meters


@dataclass(frozen=True)
class _Kind:
    """Ranges of a room's size (meters) and wall absorption, and the order of reflections."""

    size: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    absorption: tuple[float, float]
    order: int


# Our interpretation: 0.15 to 0.4 s of reverberation indoors, a few echoes outdoors.
_KINDS = {
    "BUS": _Kind(((2.2, 2.6), (8, 12), (2.0, 2.3)), (0.35, 0.5), 8),
    "CAF": _Kind(((5, 8), (6, 10), (2.7, 3.3)), (0.35, 0.55), 8),
    "PED": _Kind(((12, 20), (20, 30), (8, 12)), (0.6, 0.8), 2),
    "STR": _Kind(((10, 15), (30, 40), (10, 15)), (0.6, 0.8), 2),
    "BTH": _Kind(((1.8, 2.2), (2.0, 2.4), (2.1, 2.3)), (0.85, 0.92), 3),
}


def impulse_responses(rng: np.random.Generator, environment: str, talker: np.ndarray) -> np.ndarray:
    """Draw a room with a talker in it, and return its impulse responses.

    Args:
        rng: draws the room and the tablet's place in it.
        environment: BUS, CAF, PED, STR or BTH.
        talker: position of the mouth relative to the tablet, meters, shape (3,).

    Returns:
        Responses of CH0 to CH6, float32, shape (7, taps); the loudest tap of CH5 is 1.
    """
    kind = _KINDS[environment]
    size = np.array([rng.uniform(*bounds) for bounds in kind.size])
    # One thread, so that the order of summation, and with it the last bit, is always the same.
    pyroomacoustics.constants.set("num_threads", 1)
    room = pyroomacoustics.ShoeBox(
        size,
        fs=RATE,
        materials=pyroomacoustics.Material(rng.uniform(*kind.absorption)),
        max_order=kind.order,
    )
    tablet = size * rng.uniform(0.35, 0.65, 3)
    tablet[2] = rng.uniform(1.0, 1.3)
    mouth = tablet + talker
    room.add_source(mouth)
    room.add_microphone_array(np.vstack([mouth + _CLOSE_TALK, tablet + MICROPHONES]).T)
    room.compute_rir()
    longest = max(len(row[0]) for row in room.rir)
    responses = np.stack([np.pad(row[0], (0, longest - len(row[0]))) for row in room.rir])
    # The library delays every response by half the length of its interpolation filter.
    responses = responses[:, pyroomacoustics.constants.get("frac_delay_length") // 2 :]
    responses[1:] *= FRONT_GAIN[:, None]
    return (responses / np.abs(responses[5]).max()).astype(np.float32)
