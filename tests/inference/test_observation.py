"""Observation adding: weight, level and length."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.distill.gain import match_gain
from espnet_kd.errors import UserError
from espnet_kd.inference.observation import ObservationWeight, add_observation

LENGTHS = torch.tensor([4000, 2500])


@pytest.fixture
def signals():
    """Speech and orthogonal noise (2, 4000), zero after LENGTHS."""
    generator = torch.Generator().manual_seed(0)
    speech, noise = torch.randn(2, 2, 4000, generator=generator)
    valid = torch.arange(4000) < LENGTHS.unsqueeze(1)
    speech, noise = speech * valid, noise * valid
    return speech, noise - match_gain(speech, noise, LENGTHS)


def add(enhanced, mixture, weight):
    return add_observation(enhanced, mixture, LENGTHS, ObservationWeight.parse(weight))


def test_the_ends_of_the_scale(signals):
    enhanced, mixture = signals
    torch.testing.assert_close(add(enhanced, mixture, "1"), enhanced)
    torch.testing.assert_close(add(enhanced, mixture, "0"), mixture)


@pytest.mark.parametrize("weight", [0.2, 0.5, 0.7])
def test_speech_keeps_its_level_and_noise_is_scaled(signals, weight):
    """A perfect estimate of the speech, at any scale, leaves (1 - weight) of the noise."""
    speech, noise = signals
    estimate = match_gain(-0.1 * speech, speech + noise, LENGTHS)
    mixed = add(estimate, speech + noise, str(weight))
    torch.testing.assert_close(mixed, speech + (1 - weight) * noise, atol=1e-5, rtol=0)


@pytest.mark.parametrize("weight", ["0.5", "snr0"])
def test_padding_of_the_mixture_is_not_added(signals, weight):
    enhanced, mixture = signals
    expected = add(enhanced, mixture, weight)
    mixture = mixture.clone()
    mixture[1, 2500:] = 7.0
    torch.testing.assert_close(add(enhanced, mixture, weight), expected)
    assert not expected[1, 2500:].any()


@pytest.mark.parametrize(
    ("snr", "weight"), [(10, 0.5), (30, 1 / 11), (-10, 10 / 11), (16.0206, 1 / 3)]
)
def test_noisier_speech_is_enhanced_more(signals, snr, weight):
    speech, noise = signals
    level = speech.norm(dim=1, keepdim=True) / noise.norm(dim=1, keepdim=True)
    noise = noise * level * 10 ** (-snr / 20)
    found = ObservationWeight.parse("snr10").of(speech, speech + noise)
    torch.testing.assert_close(found, torch.full((2, 1), weight), atol=1e-4, rtol=0)


def test_silence_is_no_nan():
    silence = torch.zeros(2, 4000)
    assert add(silence, silence, "snr5").isfinite().all()


@pytest.mark.parametrize("text", ["0", "0.35", "1", "snr10", "snr-2.5", "snr0"])
def test_the_form_can_be_read_again(text):
    assert str(ObservationWeight.parse(text)) == text
    assert ObservationWeight.parse(text).adds == (text != "1")


@pytest.mark.parametrize("text", ["1.1", "-0.1", "nan", "", "snr", "snrx", "snr1e3", "SNR5"])
def test_other_weights(text):
    line = f"--observation_weight: is {text}; give a number from 0 to 1, or e.g. snr10"
    with pytest.raises(UserError, match=line):
        ObservationWeight.parse(text)
