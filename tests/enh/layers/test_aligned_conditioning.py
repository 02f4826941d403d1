"""Conditioning of every block on the character being spoken."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.enh.layers.aligned_conditioning import AlignedConditioning, SpectralTemplate
from espnet_kd.enh.layers.alignment_prior import alignment_log_prior
from espnet_kd.errors import UserError

from ..separator.test_text_informed_tcn import batch, other_text


@pytest.fixture
def make():
    """Return a function that builds a separator with conditioning whose outputs are not zero."""
    from espnet_kd.enh.separator.text_informed_tcn import TextInformedTCNSeparator

    def build(random: bool = True, prior_width: float = 3.0, **options):
        conf = {"dim": 8, "kernel": 3, **options}
        tcn = {"layer": 2, "stack": 1, "bottleneck_dim": 8, "hidden_dim": 16}
        text = {"dim": 8, "num_blocks": 1, "num_heads": 2, "ffn_dim": 16, "dropout": 0.0}
        model = TextInformedTCNSeparator(
            16, 7, text_conf=text, conditioning_conf=conf, prior_width=prior_width, **tcn
        )
        for output in model.conditioning.outputs if random else ():
            torch.nn.init.normal_(output.weight)
        return model

    return build


@pytest.mark.parametrize("scale", [True, False])
def test_it_starts_as_the_baseline(make, make_baseline, scale):
    baseline, teacher = make_baseline(), make(random=False, scale=scale)
    missing = teacher.load_state_dict(baseline.state_dict(), strict=False)
    assert {key.split(".")[0] for key in missing.missing_keys} == {"text_encoder", "conditioning"}
    code, _, additional = batch()
    lengths = torch.full((2,), code.size(1))
    expected = baseline(code, lengths)[0][0]
    torch.testing.assert_close(teacher(code, lengths, additional)[0][0], expected)


@pytest.mark.parametrize(
    "options", [{}, {"scale": False}, {"query_stride": 4}, {"template_bands": 8, "query_stride": 4}]
)
def test_text_changes_the_mask(make, options):
    model = make(**options)
    code, lengths, additional = batch()
    own, other = (model(code, lengths, a)[0][0] for a in (additional, other_text(additional)))
    assert (own - other).abs().max() > 1e-3


@pytest.mark.parametrize("bands", [0, 8])
@pytest.mark.parametrize("stride", [1, 4])
def test_padding_does_not_matter(make, stride, bands):
    model = make(query_stride=stride, template_bands=bands).eval()
    code, lengths, additional = batch()
    together = model(code, lengths, additional)[0][0][1, : lengths[1]]
    characters = additional["text_lengths"][1]
    alone = {
        **additional,
        "text": additional["text"][1:, :characters],
        "text_lengths": characters[None],
        "align": additional["align"][1:, :characters],
        "num_samples": additional["num_samples"][1:],
    }
    found = model(code[1:, : lengths[1]], lengths[1:], alone)[0][0][0]
    torch.testing.assert_close(found, together, atol=1e-5, rtol=1e-4)


def test_a_frame_sees_its_character_or_silence():
    """Characters at 100 and 200 ms; frames there, between them, and far from both."""
    layer = AlignedConditioning(4, channels=2, num_blocks=1, dim=4, kernel=1)
    layer.context = torch.nn.ModuleList()  # shows what is spread
    text = torch.tensor([[[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 9.0, 9.0]]])
    with torch.no_grad():
        layer.silence.copy_(torch.tensor([0, 0, 0, -1.0]))
    times = torch.tensor([[100.0, 150.0, 200.0, 600.0]])
    prior = alignment_log_prior(torch.tensor([[100.0, 200.0, 0.0]]), times, 20.0)
    features = layer(text, torch.tensor([2]), prior, torch.tensor([4]))[0].detach().T
    first, between, second, silent = features
    assert first[0] > 0.98 and second[1] > 0.98 and silent[3] < -0.98
    assert between[0] == pytest.approx(between[1].item())
    assert not features[:, 2].any(), "padding is no character"


def test_film_scales_and_shifts():
    layer = AlignedConditioning(4, channels=2, num_blocks=2, dim=1, kernel=1)
    with torch.no_grad():
        layer.outputs[1].bias.copy_(torch.tensor([1.0, 2.0, 10.0, 20.0]))
    x, features = torch.ones(1, 2, 16), torch.zeros(1, 1, 10)
    assert torch.equal(layer.condition(features, 0, x), x)
    changed = layer.condition(features, 1, x)
    assert changed[0, :, 0].tolist() == [12.0, 23.0]
    assert torch.equal(changed[..., 10:], x[..., 10:]), "frames that pad the batch stay"


def test_gradients_reach_text_and_silence(make):
    model = make()
    code, lengths, additional = batch()
    model(code, lengths, additional)[0][0].square().sum().backward()
    for parameter in (model.conditioning.silence, model.text_encoder.embedding.weight):
        assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 0


def test_it_takes_the_place_of_the_fusion(make):
    with pytest.raises(UserError, match="conditioning_conf: needs the alignment prior"):
        make(prior_width=0.0)


def test_a_template_sees_what_the_audio_has_beyond_it():
    """Two bands of two channels; all audio is in the first one, at any level."""
    layer = SpectralTemplate(3, bands=2, code_dim=4)
    with torch.no_grad():
        layer.spectrum.weight.zero_()
        layer.spectrum.bias.copy_(torch.tensor([0.5, -0.5]))
    code = torch.zeros(2, 4, 4)
    code[0, :, :2], code[1, :3, :2] = 1e-3, 7.0
    found = layer(torch.zeros(2, 4, 3), code, stride=1).detach()
    assert torch.equal(found[..., :2], torch.tensor([0.5, -0.5]).expand(2, 4, 2))
    audio = found[..., 2:] + found[..., :2]
    expected = torch.tensor([2.001, 0.001]).log()
    torch.testing.assert_close(audio[0], expected.expand(4, 2))
    torch.testing.assert_close(audio[1, :3], expected.expand(3, 2))
    assert layer(torch.zeros(2, 2, 3), code[:, :3], stride=2).shape == (2, 2, 4)


def test_bands_divide_the_channels(make):
    with pytest.raises(UserError, match="template_bands: is 5, but the encoder has 16 channels"):
        make(template_bands=5)
