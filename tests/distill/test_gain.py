"""Gains: least squares, level of speech, silence, padding, gradient."""

from __future__ import annotations

import torch

from espnet_kd.distill.gain import SPEECH_RMS, at_speech_level, match_gain, zero_padding

from .signals import noise


def test_gain_of_least_squares():
    """Gains <e, r> / <e, e> by hand: 30 / 25, 0.9 / 9, (2 - 12) / (1 + 4)."""
    estimate = torch.tensor([[3.0, 4.0, 0.0], [0.0, 0.0, 3.0], [1.0, 2.0, 9.0]])
    reference = torch.tensor([[2.0, 6.0, -7.0], [5.0, 5.0, 0.3], [2.0, -6.0, 9.0]])
    expected = torch.tensor([[3.6, 4.8, 0.0], [0.0, 0.0, 0.3], [-2.0, -4.0, 0.0]])
    scaled = match_gain(estimate, reference, torch.tensor([3, 3, 2]))
    torch.testing.assert_close(scaled, expected)


def test_gain_to_the_mixture_restores_the_level_of_speech():
    speech, lengths = noise(3, 16000), torch.full((3,), 16000)
    scaled = match_gain(-9 * speech, speech + noise(3, 16000, seed=1), lengths)
    # The level is off by the chance correlation of speech and noise, 1 / sqrt(16000) = 0.8 %.
    torch.testing.assert_close(scaled, speech, rtol=0.03, atol=1e-6)


def test_scale_and_sign_of_the_estimate_do_not_matter():
    estimate, reference, lengths = noise(2, 400), noise(2, 400, seed=1), torch.tensor([400, 300])
    expected = match_gain(estimate, reference, lengths)
    for gain in (-1.0, 1e-6, 1e4):
        torch.testing.assert_close(match_gain(gain * estimate, reference, lengths), expected)


def test_gain_passes_gradients():
    estimate = noise(2, 6, dtype=torch.float64).requires_grad_()
    reference, lengths = noise(2, 6, seed=1, dtype=torch.float64), torch.tensor([6, 4])
    assert torch.autograd.gradcheck(lambda e: match_gain(e, reference, lengths), (estimate,))


def test_silence_stays_silence_with_finite_gradients():
    silence, lengths = torch.zeros(1, 100, requires_grad=True), torch.tensor([100])
    scaled = match_gain(silence, noise(1, 100), lengths)
    scaled.square().sum().backward()
    assert not scaled.any() and silence.grad.isfinite().all()
    both = torch.stack([torch.zeros(100), torch.ones(100)])
    scaled = match_gain(both, 2 * torch.ones(2, 100), torch.tensor([100, 100]))
    torch.testing.assert_close(scaled, 2 * both)  # also next to an utterance that is not silent
    assert not at_speech_level(torch.zeros(1, 100), lengths).any()


def test_speech_level_uses_valid_samples():
    signal = torch.cat([noise(2, 300), torch.full((2, 100), torch.nan)], dim=1)
    scaled = at_speech_level(100 * signal, torch.tensor([300, 200]))
    rms = scaled.square().sum(dim=1) / torch.tensor([300, 200])
    torch.testing.assert_close(rms.sqrt(), torch.full((2,), SPEECH_RMS))
    assert not scaled[1, 200:].any() and not scaled[0, 300:].any()


def test_padding_becomes_zero():
    signal = torch.tensor([[1.0, torch.nan], [2.0, 3.0]])
    expected = torch.tensor([[1.0, 0.0], [2.0, 3.0]])
    torch.testing.assert_close(zero_padding(signal, torch.tensor([1, 2])), expected)
