"""Taps for latent mixup in ESPnet's models: the layers after them see only mixed latents."""

from __future__ import annotations

import pytest
import torch
from espnet2.enh.decoder.conv_decoder import ConvDecoder
from espnet2.enh.decoder.stft_decoder import STFTDecoder
from espnet2.enh.encoder.conv_encoder import ConvEncoder
from espnet2.enh.encoder.stft_encoder import STFTEncoder
from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.enh.separator.dccrn_separator import DCCRNSeparator

from espnet_kd.distill.distiller import Distiller, Term, observe
from espnet_kd.distill.latent_mixup import LatentMixupLoss, mix_halves
from espnet_kd.distill.taps import Tap, TapPair

CONV = {"channel": 16, "kernel_size": 20, "stride": 10}
STFT = {"n_fft": 64, "hop_length": 32}
SAMPLES = 800
CONV_TASNET = [Tap("separator", "input", "btc"), Tap("separator.tcn.network.3", "input")]
DCCRN = [
    Tap("encoder", "input", "bt"),
    Tap("separator.encoder.0"),
    Tap("separator.encoder.1"),
    Tap("separator.decoder.0", "input"),
]
MIXING = torch.tensor([0.3, 0.8, 0.3, 0.8])


def build(encoder, separator, decoder):
    return ESPnetEnhancementModel(encoder, separator, decoder, None, loss_wrappers=[])


def dccrn(kernels=(8, 8, 8)):
    separator = DCCRNSeparator(33, rnn_units=8, kernel_num=list(kernels))
    return build(STFTEncoder(**STFT), separator, STFTDecoder(**STFT)).eval()


@pytest.fixture
def mixture():
    return 0.1 * torch.randn(4, SAMPLES)


@pytest.fixture
def conv_tasnet(make_baseline):
    return build(ConvEncoder(**CONV), make_baseline(16), ConvDecoder(**CONV)).eval()


def enhance(model, mixture, additional=None):
    lengths = torch.full((len(mixture),), mixture.size(1))
    return model.forward_enhance(mixture, lengths, additional)[0][0]


def look(model, taps, mixture, additional=None):
    return observe(model, lambda: enhance(model, mixture, additional), taps, {}, "student")


def mixed_rerun(model, taps, mixture, additional=None):
    """Return the signal with all taps mixed, and the features of the run before."""
    seen = look(model, taps, mixture, additional)
    mixed = {tap: mix_halves(seen.features[tap], MIXING) for tap in taps}
    return seen.rerun(mixed).signal, seen.features


def mix(values):
    weight = MIXING.reshape(-1, *[1] * (values.dim() - 1))
    return weight * values + (1 - weight) * values.roll(2, 0)


def test_conv_tasnet_is_the_mask_of_the_mixed_sum_times_the_mixed_code(conv_tasnet, mixture):
    found, features = mixed_rerun(conv_tasnet, CONV_TASNET, mixture)
    lengths = torch.full((4,), SAMPLES)
    code, _ = conv_tasnet.encoder(mixture, lengths)  # (B, T, N)
    network = conv_tasnet.separator.tcn.network
    running = network[1](network[0](code.transpose(1, 2)))  # (B, H, T)
    for block in network[2]:
        for layer in block:
            running = running + layer(running)
    torch.testing.assert_close(features[CONV_TASNET[0]][:, :, 0], code.transpose(1, 2))
    torch.testing.assert_close(features[CONV_TASNET[1]][:, :, 0], running)
    mask = network[3:](mix(running)).relu().transpose(1, 2)
    expected, _ = conv_tasnet.decoder(mask * mix(code), lengths)
    torch.testing.assert_close(found, expected)
    assert (found - mix(enhance(conv_tasnet, mixture))).abs().max() > 1e-4


def test_a_running_sum_inside_the_tcn_bypasses_the_tap(conv_tasnet, mixture):
    """The tap is after the last block because a block's input is also added to its output."""
    middle = Tap("separator.tcn.network.2.0.1", "input")
    seen = look(conv_tasnet, [middle], mixture)
    silent = seen.rerun({middle: torch.zeros_like(seen.features[middle])})
    network = conv_tasnet.separator.tcn.network
    block = network[2][0][1]
    running = seen.features[middle][:, :, 0]
    code = conv_tasnet.encoder(mixture, torch.full((4,), SAMPLES))[0]
    mask = network[3:](running + block(torch.zeros_like(running))).relu()
    expected, _ = conv_tasnet.decoder(mask.transpose(1, 2) * code, torch.full((4,), SAMPLES))
    torch.testing.assert_close(silent.signal, expected)


def test_dccrn_is_its_decoder_on_mixed_skips_and_mixed_spectrum(mixture):
    model = dccrn()
    separator = model.separator
    found, features = mixed_rerun(model, DCCRN, mixture)
    with torch.no_grad():
        spectrum, lengths = model.encoder(mixture, torch.full((4,), SAMPLES))
        out = mix(features[DCCRN[3]])
        skips = [features[tap] for tap in DCCRN[2:0:-1]]
        for index, layer in enumerate(separator.decoder):
            if index:
                real, imaginary = out.chunk(2, 1)
                skip = mix(skips[index - 1]).chunk(2, 1)
                out = torch.cat([real, skip[0], imaginary, skip[1]], 1)
            out = layer(out)[..., 1:]
        masks = separator.create_masks(out)
        mixed = mix(spectrum).transpose(1, 2)
        masked = separator.apply_masks(masks, mixed.real, mixed.imag)[0]
        expected, _ = model.decoder(masked, torch.full((4,), SAMPLES))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    assert (found - mix(enhance(model, mixture))).abs().max() > 1e-4


@pytest.mark.parametrize("side", ["student", "teacher"])
def test_equal_halves_are_unchanged(conv_tasnet, make_teacher, mixture, side):
    """This also holds for a text-informed teacher, whose mask multiplies the code without text."""
    model, additional = conv_tasnet, None
    if side == "teacher":
        model = build(ConvEncoder(**CONV), make_teacher(16), ConvDecoder(**CONV)).eval()
        text = torch.randint(2, 7, (2, 5)).repeat(2, 1)
        additional = {"text": text, "text_lengths": torch.full((4,), 5)}
    same = mixture[:2].repeat(2, 1)
    found, _ = mixed_rerun(model, CONV_TASNET, same, additional)
    torch.testing.assert_close(found, enhance(model, same, additional))


@pytest.mark.parametrize(
    ("make_student", "taps"),
    [("conv_tasnet", CONV_TASNET), ("dccrn", DCCRN)],
)
def test_loss_of_a_student_and_a_larger_teacher(
    conv_tasnet, make_baseline, mixture, make_student, taps
):
    if make_student == "dccrn":
        student, teacher = dccrn((4, 8, 8)), dccrn((8, 16, 16))
    else:
        student = conv_tasnet
        larger = {**CONV, "channel": 24}
        teacher = build(ConvEncoder(**larger), make_baseline(24), ConvDecoder(**larger))
    student.train()
    teacher.eval().requires_grad_(False)
    loss = LatentMixupLoss(cross_weight=0.5)
    loss.pairs = [TapPair(tap, tap) for tap in taps]
    distiller = Distiller({"mixup": Term(loss, 1.0)})
    distiller.prepare(
        student, lambda: enhance(student, mixture), teacher, lambda: enhance(teacher, mixture)
    )
    seen = distiller.observe_student(student, lambda: enhance(student, mixture))
    taught = distiller.observe_teacher(teacher, lambda: enhance(teacher, mixture))
    reference = (0.1 * torch.randn(2, SAMPLES)).repeat(2, 1)
    lengths = torch.full((4,), SAMPLES)
    (value,) = distiller(seen, taught, reference, lengths, "SIMU", paired=True).values()
    value.sum().backward()
    assert value.shape == (4,) and torch.isfinite(value).all()
    missed = [name for name, p in student.named_parameters() if p.grad is None]
    assert missed == []
    assert all(p.grad.abs().max() > 0 for p in loss.projections[-1].parameters())
    assert all(p.grad is None for p in teacher.parameters())
