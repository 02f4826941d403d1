"""Uformer: shapes, mask, causality, padding, precision, and training with ESPnet's STFT layers."""

import pytest
import torch
from espnet2.enh.decoder.stft_decoder import STFTDecoder
from espnet2.enh.encoder.stft_encoder import STFTEncoder
from torch import nn

from espnet_kd.distill.si_snr import si_snr
from espnet_kd.distill.taps import Tap, capture
from espnet_kd.enh.separator import uformer
from espnet_kd.enh.separator.uformer import UformerSeparator
from espnet_kd.errors import UserError

CONFORMER = {"ff_channels": 4, "attention_dim": 4, "conv_channels": 4, "num_convs": 2}


def small(channels=(4, 6, 8), bins=33, official=True):
    return UformerSeparator(bins, channels, CONFORMER, official)


def spectrum(frames=12, bins=33, batch=2):
    return torch.randn(batch, frames, bins, dtype=torch.cfloat)


@pytest.mark.parametrize("frames", [1, 2, 13])
def test_shapes(frames):
    mixture, lengths = spectrum(frames), torch.tensor([frames, max(1, frames - 4)])
    (masked,), out_lengths, others = small()(mixture, lengths)
    assert masked.shape == mixture.shape and masked.dtype == torch.cfloat
    assert out_lengths is lengths
    assert torch.equal(masked, mixture * others["mask_spk1"])
    assert not masked[..., 0].any()  # DC


def test_bins_must_halve():
    with pytest.raises(UserError, match="100 bins above DC cannot be halved 3 times"):
        UformerSeparator(101, (4, 6, 8))


def test_layers_of_the_published_size_can_be_tapped():
    model = UformerSeparator(257).eval()
    encoder = [Tap(f"encoder.{n}.complex_out") for n in range(6)]
    decoder = [Tap(f"decoder.{n}.complex_out") for n in range(6)]
    features = {}
    with torch.no_grad(), capture(model, encoder + decoder, features):
        model(spectrum(3, 257, 1), torch.tensor([3]))
    assert [tuple(features[tap].shape[1:]) for tap in encoder] == [
        (16, 128, 3), (32, 64, 3), (64, 32, 3), (128, 16, 3), (256, 8, 3), (256, 4, 3),
    ]  # fmt: skip
    assert [tuple(features[tap].shape[1:]) for tap in decoder] == [
        (256, 8, 3), (128, 16, 3), (64, 32, 3), (32, 64, 3), (16, 128, 3), (2, 256, 3),
    ]  # fmt: skip


def test_official_form():
    """As many weights as the authors' code; without it, halves have norms and queries no bias."""
    counts = [
        sum(weight.numel() for weight in UformerSeparator(257, official=official).parameters())
        for official in (True, False)
    ]
    assert counts == [3_336_049, 3_336_433]
    shapes = [
        {key: tuple(weight.shape) for key, weight in small(official=official).named_parameters()}
        for official in (True, False)
    ]
    norm = "encoder.0.complex_layer.1.weight"
    assert [found[norm] for found in shapes] == [(4,), (8,)]
    biases = {key for key in shapes[0] if key.endswith(".biases")}
    assert shapes[0].keys() - shapes[1].keys() == biases and len(biases) == 4


def test_mask_is_the_mean_of_both_estimates_in_polar_form():
    """Magnitudes and phases are as in the paper, for a mixture of 0.25 e^0.3i."""
    complex_out, magnitude_out = torch.randn(2, 2, 4, 3), torch.randn(2, 1, 4, 3)
    estimate = torch.complex(*complex_out.unbind(dim=1))
    compressed = 0.25**0.5
    from_complex = estimate.abs().tanh() * compressed
    from_magnitude = magnitude_out[:, 0].sigmoid() * compressed
    expected = torch.polar((0.5 * (from_complex + from_magnitude)) ** 2, 0.3 + estimate.angle())
    mixture = torch.polar(torch.tensor(0.25), torch.tensor(0.3))
    mask = uformer._mask(complex_out, magnitude_out)
    torch.testing.assert_close(mixture * mask[..., 1:], expected.transpose(1, 2))


def test_input_is_compressed():
    """|X| = 9 at 0.5 rad enters the encoder as 3 at 0.5 rad, and as 3."""
    model, seen = small().eval(), []
    model.encoder[0].register_forward_pre_hook(lambda _module, inputs: seen.extend(inputs))
    model(torch.full((1, 2, 33), 9.0) * torch.exp(torch.tensor(0.5j)), torch.tensor([2]))
    expected = torch.tensor([3 * torch.tensor(0.5).cos(), 3 * torch.tensor(0.5).sin()])
    torch.testing.assert_close(seen[0], expected.view(1, 2, 1, 1).expand(1, 2, 32, 2))
    torch.testing.assert_close(seen[1], torch.full((1, 1, 32, 2), 3.0))


def later_change(model, frames=12, changed=6):
    """Change the input from frame 6 on; return the largest output change before and after it."""
    mixture, lengths = spectrum(frames, batch=1), torch.tensor([frames])
    other = mixture.clone()
    other[:, changed:] += 1
    with torch.no_grad():
        difference = (model(mixture, lengths)[0][0] - model(other, lengths)[0][0]).abs()
    return difference[:, :changed].max(), difference[:, changed:].max()


def test_convolutions_are_causal_and_the_conformer_is_not():
    model = small().eval()
    assert later_change(model)[0] > 1e-6

    class PassThrough(nn.Module):
        def forward(self, x, m, _valid):
            return x, m

    model.conformer = PassThrough()
    before, after = later_change(model)
    assert before == 0 and after > 1e-3


def test_padding_does_not_change_valid_frames():
    model = small().eval()
    mixture = spectrum()
    alone = model(mixture[1:, :7], torch.tensor([7]))[0][0]
    mixture[1, 7:] = 1e3
    found = model(mixture, torch.tensor([12, 7]))[0][0]
    torch.testing.assert_close(found[1:, :7], alone)


@pytest.mark.parametrize("official", [True, False])
def test_gradient_reaches_every_parameter(official):
    model = small(
        official=official
    ).eval()  # in training, batch norm cancels the gradient of the bias before it
    model(spectrum(), torch.tensor([12, 9]))[0][0].abs().square().sum().backward()
    without = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert not without


@pytest.mark.parametrize("silent_frames", [12, 5])
def test_silence(silent_frames):
    """Despite the phase and square root at zero, the output is silent and gradients are finite."""
    model, mixture = small().train(), spectrum()
    mixture[:, :silent_frames] = 0
    mixture.requires_grad_()
    (masked,), _, others = model(mixture, torch.tensor([12, 12]))
    assert not masked[:, :silent_frames].any()
    (masked.abs().square().sum() + others["mask_spk1"].real.sum()).backward()
    assert torch.isfinite(torch.view_as_real(mixture.grad)).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_overfits_one_utterance():
    """Train on a modulated harmonic tone in noise at 0 dB SNR, with ESPnet's STFT layers."""
    encoder, decoder = STFTEncoder(64, 64, 32), STFTDecoder(64, 64, 32)
    model, lengths = small().train(), torch.tensor([4000])
    time = torch.arange(4000) / 16000
    clean = sum((6.2832 * 400 * k * time).sin() / k for k in (1, 2, 3))
    clean = (clean * (6.2832 * 8 * time).sin().clamp(min=0))[None]
    mixture = clean + clean.std() * torch.randn(1, 4000)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scores = []
    for _ in range(40):
        code, frames = encoder(mixture, lengths)
        enhanced, out_lengths = decoder(model(code, frames)[0][0], lengths)
        assert enhanced.shape == clean.shape and torch.equal(out_lengths, lengths)
        scores.append(si_snr(clean, enhanced, lengths))
        optimizer.zero_grad()
        (-scores[-1].mean()).backward()
        optimizer.step()
    assert scores[-1] > si_snr(clean, mixture, lengths) + 6.0
    assert scores[-1] > scores[0] + 6.0


def test_only_the_last_decoder_layer_has_no_norm():
    """This also holds for a layer with one channel."""
    decoder = UformerSeparator(33, (1, 6, 8), CONFORMER).decoder
    norms = [sum(isinstance(m, nn.BatchNorm2d) for m in layer.modules()) for layer in decoder]
    assert norms == [2, 2, 0]


def test_half_precision_and_double():
    mixture, lengths = spectrum(), torch.tensor([12, 12])
    with torch.autocast("cpu", torch.bfloat16):
        masked = small().eval()(mixture, lengths)[0][0]
    assert masked.dtype == torch.cfloat and torch.isfinite(torch.view_as_real(masked)).all()
    assert small().double()(mixture.cdouble(), lengths)[0][0].dtype == torch.cdouble
