"""Small speech sets for the tests of scoring and report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from espnet_kd.data.audio import write_samples
from espnet_kd.fileio import write_columns

DT_SIMU = "dt05_simu_isolated_1ch_track"
ET_SIMU = "et05_simu_isolated_1ch_track"
DT_REAL = "dt05_real_isolated_1ch_track"
ET_REAL = "et05_real_isolated_1ch_track"


def speech_and_noise(seconds: float = 3.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return speech-like noise with syllables and a resonance, and white noise, (T,) at 16 kHz."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(16000 * seconds)) / 16000
    speech = lfilter([1.0], [1.0, -1.6, 0.8], rng.standard_normal(time.size))
    speech *= 0.02 * np.sin(2 * np.pi * 1.7 * time) ** 2
    return speech, 0.02 * rng.standard_normal(time.size)


@pytest.fixture
def make_se_set(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a set with references and noisy mixtures."""

    def make(name: str = DT_SIMU, utterances: int = 2, seconds: float = 0.8) -> Path:
        directory = tmp_path / "sets" / name
        lists: dict[str, dict[str, str]] = {"spk1.scp": {}, "wav.scp": {}}
        for number in range(utterances):
            speech, noise = speech_and_noise(seconds, number)
            for scp, wave in (("spk1.scp", speech), ("wav.scp", speech + noise)):
                path = directory / f"{scp}.{number}.wav"
                write_samples(path, np.rint(wave * 32767).astype(np.int16))
                lists[scp][f"F01_{number}"] = str(path)
        for scp, paths in lists.items():
            write_columns(directory / scp, paths)
        ids = lists["wav.scp"]
        write_columns(directory / "utt2num_samples", dict.fromkeys(ids, int(16000 * seconds)))
        write_columns(directory / "text", dict.fromkeys(ids, "PRICES & RATES"))
        return directory

    return make
