"""The MVDR beamformer: an analytic case, ESPnet's beamformer, and channels that do not fit."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.errors import UserError
from espnet_kd.inference.beamforming import FFT, HOP, LOADING, beamform, check_shift

LENGTH = 16000


def si_snr(estimate: torch.Tensor, reference: torch.Tensor) -> float:
    target = (estimate @ reference) / (reference @ reference) * reference
    return float(20 * torch.log10(target.norm() / (estimate - target).norm()))


def delayed(signal: torch.Tensor, samples: int) -> torch.Tensor:
    return torch.cat([signal.new_zeros(samples), signal[: len(signal) - samples]])


@pytest.fixture
def scene():
    """Speech-like and interfering noise, each from one direction, in three channels (3, L)."""
    generator = torch.Generator().manual_seed(0)
    speech, noise = torch.randn(2, LENGTH, generator=generator, dtype=torch.float64)
    speech = speech * torch.linspace(0, 12.0, LENGTH).sin().abs()  # not stationary
    speech = torch.stack([gain * delayed(speech, d) for gain, d in ((1.0, 0), (0.8, 3), (0.9, 6))])
    noise = torch.stack([gain * delayed(noise, d) for gain, d in ((1.0, 5), (0.9, 2), (1.1, 0))])
    return speech, noise


def test_one_point_source_of_noise_is_removed(scene):
    """Three channels can cancel one direction of noise; speech keeps its level in channel 1."""
    speech, noise = scene
    output = beamform(speech + noise, speech)
    assert si_snr(speech[0] + noise[0], speech[0]) < 2
    assert si_snr(output, speech[0]) > 15
    gain = (output @ speech[0]) / (speech[0] @ speech[0])
    assert gain == pytest.approx(1.0, abs=0.02), "distortionless"


@pytest.mark.parametrize("reference", [0, 1, 2])
def test_the_first_channel_is_the_reference(scene, reference):
    speech, noise = (signal.roll(-reference, dims=0) for signal in scene)
    output = beamform(speech + noise, speech)
    scores = [si_snr(output, channel) for channel in speech]
    assert scores[0] == max(scores) > 15


def test_weights_are_those_of_espnet(scene):
    from espnet2.enh.layers.beamformer_th import get_mvdr_vector

    speech, noise = scene
    window = torch.hann_window(FFT, dtype=torch.float64)
    spectra = [
        torch.stft(signal, FFT, HOP, window=window, return_complex=True)
        for signal in (speech, noise, speech + noise)
    ]
    psds = [torch.einsum("cft,eft->fce", x, x.conj()) for x in spectra[:2]]
    unit = torch.eye(3, dtype=torch.complex128)[0]
    weights = get_mvdr_vector(*psds, unit, diag_eps=LOADING)
    enhanced = torch.einsum("fc,cft->ft", weights.conj(), spectra[2])
    expected = torch.istft(enhanced, FFT, HOP, window=window, length=LENGTH)
    torch.testing.assert_close(beamform(speech + noise, speech), expected, atol=1e-5, rtol=1e-4)


def test_length_and_type_stay(scene):
    speech, noise = (signal[:, :15013].float() for signal in scene)
    output = beamform(speech + noise, speech)
    assert output.shape == (15013,) and output.dtype == torch.float32


@pytest.mark.parametrize("estimate", ["zero", "mixture"])
def test_silence_and_a_perfect_estimate_give_no_nan(scene, estimate):
    speech, noise = scene
    mixture = speech + noise
    assert beamform(mixture, mixture if estimate == "mixture" else 0 * mixture).isfinite().all()


def test_synchronous_channels_pass(scene):
    speech, noise = scene
    check_shift("u", ["a.wav", "b.wav", "c.wav"], speech + noise)
    check_shift("u", ["a.wav", "b.wav"], torch.stack([noise[0], 0 * noise[0]]))
    generator = torch.Generator().manual_seed(1)
    check_shift("u", ["a.wav", "b.wav"], torch.randn(2, LENGTH, generator=generator))


@pytest.mark.parametrize("shift", [800, -4000])
def test_a_shifted_channel_is_named(scene, shift):
    mixture = sum(scene)
    mixture[2] = mixture[2].roll(shift)
    # The delay of the noise, -5 samples, or of the speech, 6 samples, comes on top.
    found = f"({shift - 5}|{shift + 6})"
    with pytest.raises(UserError, match=f"c.wav: is shifted by {found} samples against a.wav"):
        check_shift("u", ["a.wav", "b.wav", "c.wav"], mixture)
