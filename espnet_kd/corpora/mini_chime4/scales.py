"""Sizes of the corpus at each scale."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Size of a corpus.

    Attributes:
        simu: utterances of tr05_simu, each in one environment.
        simu_speakers: number of speakers of these utterances.
        real: sentences of tr05_real, each read in the four environments.
        dev: sentences of dt05, read in the four environments, once real and once simulated.
        test: the same for et05.
        backgrounds: number of background sessions; the four environments take turns.
        background_seconds: length of each background session.
    """

    simu: int
    simu_speakers: int
    real: int
    dev: int
    test: int
    backgrounds: int
    background_seconds: float


# "medium" has 1000 utterances in each set of dt05 and et05; "large" has CHiME-4's counts.
SCALES = {
    "tiny": Scale(24, 4, 4, 2, 2, 4, 12.0),
    "mini": Scale(800, 20, 60, 8, 8, 12, 60.0),
    "medium": Scale(1200, 30, 90, 250, 250, 12, 90.0),
    "large": Scale(7138, 83, 400, 410, 330, 17, 300.0),
}
