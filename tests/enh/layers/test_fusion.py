"""Fusion of text into audio: options, padding, attention prior."""

import pytest
import torch

from espnet_kd.enh.layers.alignment_prior import alignment_log_prior
from espnet_kd.enh.layers.fusion import Fusion


def make(**options):
    return Fusion(8, 6, **{"num_blocks": 2, "num_heads": 2, **options})


def inputs(frames=9, characters=5):
    audio = torch.randn(2, frames, 8), torch.full((2,), frames)
    return *audio, torch.randn(2, characters, 6), torch.tensor([characters, 2])


@pytest.mark.parametrize("stride", [1, 4])
def test_zero_init_is_the_identity(stride):
    audio, frames, text, lengths = inputs()
    fused, _ = make(zero_init=True, query_stride=stride)(audio, frames, text, lengths)
    assert torch.equal(fused, audio)
    fused, _ = make(query_stride=stride)(audio, frames, text, lengths)
    assert (fused - audio).abs().max() > 1e-3


@pytest.mark.parametrize("stride", [1, 4])
def test_matched_level_scales_the_change_with_the_audio(stride):
    audio, frames, text, lengths = inputs()
    fusion = make(match_level=True, query_stride=stride)
    loud, quiet = (
        fusion(audio, frames, text, lengths)[0],
        fusion(0.02 * audio, frames, text, lengths)[0],
    )
    assert (loud - audio).abs().max() > 1e-2
    torch.testing.assert_close(quiet, 0.02 * loud, rtol=0.02, atol=1e-3)


@pytest.mark.parametrize("size", range(1, 10))
def test_query_stride_keeps_length(size):
    audio, frames, text, lengths = inputs(size)
    fused, weights = make(query_stride=4)(audio, frames, text, lengths, need_weights=True)
    assert fused.shape == audio.shape
    assert weights.shape == (2, -(-size // 4), 5)


def test_queries_average_valid_frames():
    audio = torch.randn(1, 6, 8)
    fusion = make(query_stride=4)
    expected = torch.stack([audio[:, :4].mean(1), audio[:, 4:].mean(1)], dim=1)
    torch.testing.assert_close(fusion.queries(audio, torch.tensor([6])), expected)
    padded = torch.nn.functional.pad(audio, (0, 0, 0, 5))
    queries = fusion.queries(padded, torch.tensor([6]))
    torch.testing.assert_close(queries[:, :2], expected)
    assert (queries[:, 2] == 0).all()


@pytest.mark.parametrize("stride", [1, 4])
def test_padded_characters_do_not_count(stride):
    audio, frames, text, lengths = inputs()
    fusion = make(query_stride=stride)
    other = text.clone()
    other[1, 2:] = 100 * torch.randn(3, 6)
    fused, weights = fusion(audio, frames, text, lengths, need_weights=True)
    assert torch.equal(fused, fusion(audio, frames, other, lengths, need_weights=True)[0])
    torch.testing.assert_close(fusion(audio, frames, other, lengths)[0], fused)
    assert (weights[1, :, 2:] == 0).all()
    torch.testing.assert_close(weights.sum(2), torch.ones(weights.shape[:2]))


def test_weights_do_not_change_the_output():
    audio, frames, text, lengths = inputs()
    fusion = make()
    fused, none = fusion(audio, frames, text, lengths)
    assert none is None
    torch.testing.assert_close(fused, fusion(audio, frames, text, lengths, need_weights=True)[0])


def test_prior_moves_attention_to_the_aligned_character():
    audio, frames, text, lengths = inputs(frames=10)
    fusion, times = make(query_stride=2), torch.arange(5) * 100.0
    centers = torch.stack([times.flip(0), times])
    prior = alignment_log_prior(centers, times.expand(2, 5), width=20.0)
    lengths = torch.tensor([5, 5])
    _, free = fusion(audio, frames, text, lengths, need_weights=True)
    _, led = fusion(audio, frames, text, lengths, prior, need_weights=True)
    assert free.max() < 0.9
    assert led[0].flip(1).diagonal().min() > 0.99
    assert led[1].diagonal().min() > 0.99


def test_queries_depend_on_position():
    """Identical frames have different queries."""
    audio, (_, frames, text, lengths) = torch.ones(2, 9, 8), inputs()
    fused, _ = make()(audio + torch.arange(8.0), frames, text, lengths)
    assert (fused[:, 1:] - fused[:, :1]).abs().amax((0, 2)).min() > 1e-3


@pytest.mark.parametrize("stride", [1, 2])
def test_gradient(stride):
    fusion = Fusion(2, 2, num_blocks=1, num_heads=1, query_stride=stride).double()
    audio = torch.randn(1, 3, 2, dtype=torch.float64, requires_grad=True)
    text = torch.randn(1, 2, 2, dtype=torch.float64, requires_grad=True)
    frames, lengths = torch.tensor([3]), torch.tensor([2])
    assert torch.autograd.gradcheck(lambda a, t: fusion(a, frames, t, lengths)[0], (audio, text))
