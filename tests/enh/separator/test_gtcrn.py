"""GTCRN: size, causality, silence, taps, checkpoints, training, and sizes that do not fit."""

import pytest
import torch

from espnet_kd.checkpoint import load_strictly
from espnet_kd.distill.si_snr import si_snr
from espnet_kd.distill.taps import Tap, capture
from espnet_kd.enh.layers.causal_stft import CausalSTFTDecoder, CausalSTFTEncoder
from espnet_kd.enh.separator.gtcrn import GTCRNSeparator
from espnet_kd.errors import UserError
from espnet_kd.scoring.complexity import count_macs, count_parameters

BINS = 33


def small(**changes) -> GTCRNSeparator:
    conf = {"channels": 4, "low_bins": 9, "bands": 8, "dilations": (1, 2), "dual_paths": 1}
    return GTCRNSeparator(BINS, **{**conf, **changes})


def spectrum(frames: int = 12, bins: int = BINS, batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, frames, bins, dtype=torch.cfloat)


def test_published_size_and_cost():
    """The authors state 23.7 K trained weights and 33 M multiply-accumulates per second.

    Ours are more, because the GRUs of a layer are one with zeros beside the diagonal.
    """
    model = GTCRNSeparator(257).eval()
    second = spectrum(62, 257, 1)
    with torch.inference_mode():
        macs = count_macs(lambda: model(second, torch.tensor([62])))
    assert count_parameters(model) == 23_669
    assert 33e6 < macs < 40e6


@pytest.mark.parametrize("frames", [1, 13])
def test_shapes(frames):
    mixture, lengths = spectrum(frames), torch.tensor([frames, frames])
    (masked,), out_lengths, others = small()(mixture, lengths)
    assert masked.shape == mixture.shape and masked.dtype == torch.cfloat
    assert out_lengths is lengths
    assert torch.equal(masked, mixture * others["mask_spk1"])
    assert torch.view_as_real(others["mask_spk1"]).abs().max() <= 1  # tanh


def test_a_real_code():
    with pytest.raises(UserError, match="encoder: gives gtcrn no spectrum; write encoder: causal"):
        small()(torch.randn(1, 5, BINS), torch.tensor([5]))


def test_no_frame_depends_on_later_ones():
    model, mixture = small().eval(), spectrum(batch=1)
    other = mixture.clone()
    other[:, 6:] += 1
    with torch.no_grad():
        found, changed = (model(x, torch.tensor([12]))[0][0] for x in (mixture, other))
    assert torch.equal(found[:, :6], changed[:, :6])
    assert ((found - changed)[:, 6:].abs().amax(dim=2) > 1e-4).all()


def test_every_frame_depends_on_the_first_ones():
    """Through the GRUs, beyond what the convolutions see."""
    model, mixture = small().eval(), spectrum(30, batch=1)
    other = mixture.clone()
    other[:, :2] *= 3
    with torch.no_grad():
        found, changed = (model(x, torch.tensor([30]))[0][0] for x in (mixture, other))
    assert (found - changed)[:, -1].abs().max() > 1e-8


@pytest.mark.parametrize("silent_frames", [12, 5])
def test_silence(silent_frames):
    model, mixture = small().train(), spectrum()
    mixture[:, :silent_frames] = 0
    mixture.requires_grad_()
    (masked,), _, others = model(mixture, torch.tensor([12, 12]))
    assert not masked[:, :silent_frames].any()
    (masked.abs().square().sum() + others["mask_spk1"].real.sum()).backward()
    assert torch.view_as_real(mixture.grad).isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())


def test_gradient_reaches_every_weight():
    model = small().eval()  # in training, batch norm cancels the gradient of the bias before it
    model(spectrum(), torch.tensor([12, 12]))[0][0].abs().square().sum().backward()
    assert not [name for name, w in model.named_parameters() if not w.grad.any()]


def test_taps():
    model, features = small().eval(), {}
    gate = Tap("encoder.2.attention.gate", layout="btc")
    taps = [*(Tap(f"encoder.{n}") for n in range(4)), Tap("dual_path.0"), Tap("latent"), gate]
    taps += [Tap(f"decoder.{n}") for n in range(4)]
    with torch.no_grad(), capture(model, taps, features):
        model(spectrum(), torch.tensor([12, 12]))
    shapes = [tuple(features[tap].shape[1:]) for tap in taps]
    assert shapes == [
        (4, 9, 12), (4, 5, 12), (4, 5, 12), (4, 5, 12), (4, 5, 12), (20, 1, 12), (2, 1, 12),
        (4, 5, 12), (4, 5, 12), (4, 9, 12), (2, 17, 12),
    ]  # fmt: skip


def test_checkpoints_are_strict():
    state = small().state_dict()
    load_strictly(small(), state, "model.pth")
    del state["encoder.0.0.weight"]
    with pytest.raises(UserError, match="model.pth: has no 'encoder.0.0.weight'"):
        load_strictly(small(), state, "model.pth")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"channels": 6}, "channels: is 6; give a multiple of 4"),
        ({"bands": 9}, "low_bins 9 and bands 9 cannot be halved twice"),
        ({"bands": 40}, "33 bins with low_bins 9 cannot have 40 ERB bands"),
    ],
)
def test_sizes_that_do_not_fit(changes, problem):
    with pytest.raises(UserError, match=problem):
        small(**changes)


@pytest.mark.parametrize("seed", range(5))
def test_the_speech_is_not_turned_upside_down(seed):
    """SI-SNR is blind to a sign, so the training must begin with the right one."""
    torch.manual_seed(seed)
    separator = small().train()
    mixture, lengths = spectrum(), torch.tensor([12, 12])
    enhanced = separator(mixture, lengths)[0][0]
    assert (enhanced * mixture.conj()).real.sum() > 0.3 * mixture.abs().square().sum()


def test_overfits_two_utterances():
    """Modulated harmonic tones in noise at 0 dB SNR, between the causal STFT."""
    encoder, decoder = CausalSTFTEncoder(64), CausalSTFTDecoder(64)
    model, lengths = small(channels=8).train(), torch.tensor([3000, 3000])
    time = torch.arange(3000) / 16000
    tones = torch.stack([(6.2832 * pitch * time).sin() for pitch in (500, 1500)])
    clean = tones * (6.2832 * 8 * time).sin().clamp(min=0)
    mixture = clean + clean.std() * torch.randn(2, 3000)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scores = []
    for _ in range(40):
        code, frames = encoder(mixture, lengths)
        enhanced, _ = decoder(model(code, frames)[0][0], lengths)
        scores.append(si_snr(clean, enhanced, lengths).mean())
        optimizer.zero_grad()
        (-scores[-1]).backward()
        optimizer.step()
    assert scores[-1] > si_snr(clean, mixture, lengths).mean() + 5.0
    assert scores[-1] > scores[0] + 5.0


def test_half_precision_and_double():
    mixture, lengths = spectrum(), torch.tensor([12, 12])
    with torch.autocast("cpu", torch.bfloat16):
        masked = small().eval()(mixture, lengths)[0][0]
    assert masked.dtype == torch.cfloat and torch.view_as_real(masked).isfinite().all()
    assert small().double()(mixture.cdouble(), lengths)[0][0].dtype == torch.cdouble
