"""CHiME-4 trees whose dt05_simu is made from embedded recordings, with test code only."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ..conftest import ENVIRONMENTS, Chime4Maker, speech
from .references.slow_noise_estimate import slow_noise

CHANNELS = dict(zip(ENVIRONMENTS, (4, 5, 6, 1), strict=True))  # as in the track list
START, LENGTH = 16000, 8000


@pytest.fixture(scope="session")
def embedded_template(chime4_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with `embedded` and a dt05_simu made from it; isolated_ext holds the truth."""
    directory = tmp_path_factory.mktemp("embedded")
    shutil.copytree(chime4_template, directory, dirs_exist_ok=True)
    chime4 = Chime4Maker(directory / "corpus", directory / "isolated_ext")
    booth, _ = soundfile.read(chime4.isolated("dt05_bth", "F01_050C0101_BTH.CH0"), dtype="int16")
    rng = np.random.default_rng(5)
    for index, environment in enumerate(ENVIRONMENTS):
        _simulate(chime4, rng, environment, 0.7 * np.append([0, 0], booth[:-2]))
        chime4.edit(
            "dt05_simu",
            index,
            noise_wavfile=f"F01_141106_040_{environment}",
            noise_start=START / 16000,
            noise_end=(START + LENGTH) / 16000,
        )
    return directory


@pytest.fixture
def embedded(embedded_template: Path, tmp_path: Path) -> Chime4Maker:
    """A copy that a test may damage."""
    shutil.copytree(embedded_template, tmp_path, dirs_exist_ok=True)
    return Chime4Maker(tmp_path / "corpus", tmp_path / "isolated_ext")


def _simulate(
    chime4: Chime4Maker, rng: np.random.Generator, environment: str, clean: np.ndarray
) -> None:
    channel = CHANNELS[environment]
    stem = chime4.audio / f"embedded/F01_141106_040_{environment}"
    close = 2 * speech(rng, 3 * 16000)
    image = np.convolve(close, rng.normal(size=300) * np.exp(-np.arange(300) / 40), "same") / 4
    tablet = np.rint(image + 300 * rng.standard_normal(len(image))).astype(np.int16)
    chime4.write(Path(f"{stem}.CH0.wav"), close.astype(np.int16))
    chime4.write(Path(f"{stem}.CH{channel}.wav"), tablet)
    span = slice(START, START + LENGTH)
    noise = slow_noise(tablet[None, span].astype(float), close[span].astype(float))[0]
    name, folder = f"F01_050C0101_{environment}", f"dt05_{environment.lower()}_simu"
    mixture = np.rint(clean + noise).astype(np.int16)
    chime4.write(chime4.isolated(folder, f"{name}.CH{channel}"), mixture)
    chime4.write(chime4.audio / "isolated_1ch_track" / folder / f"{name}.wav", mixture)
    for signal, samples in (("Clean", clean), ("Noise", noise)):
        path = chime4.isolated_ext / folder / f"{name}.CH{channel}.{signal}.wav"
        chime4.write(path, np.rint(samples).astype(np.int16))
