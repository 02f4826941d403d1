"""Observation adding: level and length."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.distill.gain import match_gain
from espnet_kd.inference.observation import add_observation

LENGTHS = torch.tensor([4000, 2500])


@pytest.fixture
def signals():
    """Speech and orthogonal noise (2, 4000), zero after LENGTHS."""
    generator = torch.Generator().manual_seed(0)
    speech, noise = torch.randn(2, 2, 4000, generator=generator)
    valid = torch.arange(4000) < LENGTHS.unsqueeze(1)
    speech, noise = speech * valid, noise * valid
    return speech, noise - match_gain(speech, noise, LENGTHS)


def test_the_ends_of_the_scale(signals):
    enhanced, mixture = signals
    torch.testing.assert_close(add_observation(enhanced, mixture, LENGTHS, 1.0), enhanced)
    torch.testing.assert_close(add_observation(enhanced, mixture, LENGTHS, 0.0), mixture)


@pytest.mark.parametrize("weight", [0.2, 0.5, 0.7])
def test_speech_keeps_its_level_and_noise_is_scaled(signals, weight):
    """A perfect estimate of the speech, at any scale, leaves (1 - weight) of the noise."""
    speech, noise = signals
    estimate = match_gain(-0.1 * speech, speech + noise, LENGTHS)
    mixed = add_observation(estimate, speech + noise, LENGTHS, weight)
    torch.testing.assert_close(mixed, speech + (1 - weight) * noise, atol=1e-5, rtol=0)


def test_padding_of_the_mixture_is_not_added(signals):
    enhanced, mixture = signals
    mixture = mixture.clone()
    mixture[1, 2500:] = 7.0
    assert not add_observation(enhanced, mixture, LENGTHS, 0.5)[1, 2500:].any()
