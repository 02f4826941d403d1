"""Noisy and clean signals in each other's place."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from espnet_kd.corpora.own.pairs import exchanged

RATE = 16000


@pytest.fixture
def pair(tmp_path):
    """Return a function that writes speech-like bursts with noise, and the paths in an order."""

    def write(gain, snr, seed, swapped):
        rng = np.random.default_rng(seed)
        envelope = np.repeat(rng.random(40) > 0.4, RATE // 20) * np.hanning(2 * RATE)
        clean = 0.1 * envelope * rng.standard_normal(2 * RATE)
        noise = rng.standard_normal(2 * RATE)
        noise *= np.linalg.norm(clean) / np.linalg.norm(noise) / 10 ** (snr / 20)
        paths = [str(tmp_path / f"{name}.wav") for name in ("noisy", "clean")]
        for path, wave in zip(paths, (gain * (clean + noise), clean), strict=True):
            soundfile.write(path, wave, RATE)
        return tuple(reversed(paths)) if swapped else tuple(paths)

    return write


@pytest.mark.parametrize("snr", [-5, 0, 5, 15])
def test_exchanged_signals_are_found(pair, snr):
    for seed in range(5):
        assert exchanged(pair(1, snr, seed, swapped=True)), seed


@pytest.mark.parametrize("snr", [-5, 0, 5, 15])
@pytest.mark.parametrize("gain", [0.1, 0.5, 0.8, 1, 2])
def test_right_pairs_are_not_suspected_at_any_level(pair, snr, gain):
    for seed in range(5):
        assert not exchanged(pair(gain, snr, seed, swapped=False)), seed
