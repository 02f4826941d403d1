"""Speed perturbation: lengths, pitch and invalid factors."""

from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.data.speed import perturb, perturbed_length
from espnet_kd.errors import UserError


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.1, 0.95, 1.25])
@pytest.mark.parametrize("length", [1, 8, 9, 10, 11, 1599, 16000, 99991])
def test_perturbed_length_is_the_actual_length(length, factor):
    assert len(perturb(np.ones(length, np.float32), factor)) == perturbed_length(length, factor)


def test_lengths_are_exact_where_float32_would_round():
    length = 11 * 2**18 + 10  # 10 / 11 of it is an integer plus 1 / 11
    assert perturbed_length(length, 1.1) == 10 * 2**18 + 10
    assert len(perturb(np.zeros(length, np.float32), 1.1)) == 10 * 2**18 + 10
    assert perturbed_length(10**15 * 9 + 1, 0.9) == 10**16 + 2


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_tempo_and_pitch_change_together(factor):
    time = np.arange(16000) / 16000
    wave = np.sin(2 * np.pi * 1000 * time)
    out = perturb(wave, factor)
    assert out.dtype == wave.dtype
    expected = np.sin(2 * np.pi * 1000 * factor * np.arange(len(out)) / 16000)
    assert np.abs(out - expected)[100:-100].max() < 0.01


def test_speed_one_changes_nothing():
    wave = np.random.default_rng(0).standard_normal(1000)
    assert perturb(wave, 1.0) is wave


def test_mixture_and_reference_are_changed_in_the_same_way():
    rng = np.random.default_rng(0)
    speech, noise = rng.standard_normal((2, 4000)).astype(np.float32)
    total = perturb(speech + noise, 0.9)
    assert np.allclose(total, perturb(speech, 0.9) + perturb(noise, 0.9), atol=1e-5)


@pytest.mark.parametrize("factor", [0.0, -0.9, 0.9137, 20.0])
def test_invalid_factors(factor):
    with pytest.raises(UserError, match=f"speed_perturb_factors: factor {factor}"):
        perturbed_length(100, factor)
