"""Compare the noisy and the clean signal of a simulated recording."""

from __future__ import annotations

import numpy as np

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.contents import middle

FRAME = SAMPLE_RATE // 50  # 20 ms
UNCORRELATED = 0.15
FLOOR_DB = 1.0


def exchanged(pair: tuple[str, str]) -> bool:
    """Return whether the files of (noisy, clean) are in each other's place.

    Noise is nearly orthogonal to speech. So clean minus noisy is the noise if it is nearly
    orthogonal to "noisy", and "noisy" is the weaker of the two. A mixture that was made softer
    may look like this by chance, but its quietest frames are then nearer to its mean level than
    those of the clean signal are. (Our rule; the middle of the files is compared.)
    """
    (_, noisy), (_, clean) = map(middle, pair)
    if len(noisy) != len(clean) or not noisy.any() or not clean.any():
        return False
    difference = clean - noisy
    energy = [float(x @ x) for x in (noisy, clean, difference)]
    if not 0 < energy[0] < energy[1] or not energy[2]:
        return False
    correlation = float(noisy @ difference) / np.sqrt(energy[0] * energy[2])
    return abs(correlation) < UNCORRELATED and _floor(noisy) <= _floor(clean) + FLOOR_DB


def _floor(samples: np.ndarray) -> float:
    """Return the level of the quietest frames relative to the mean, in dB."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    if not len(frames):
        return 0.0
    energy = (frames**2).mean(1) + 1e-10
    return float(10 * np.log10(np.percentile(energy, 10) / energy.mean()))
