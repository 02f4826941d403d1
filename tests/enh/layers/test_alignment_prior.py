"""Alignment prior and guided-attention loss."""

import math

import pytest
import torch

from espnet_kd.enh.layers.alignment_prior import alignment_log_prior, guided_attention_loss


def test_prior_golden():
    centers, times = torch.tensor([[100.0, 300.0]]), torch.tensor([[100.0, 140.0, 1e4]])
    prior = alignment_log_prior(centers, times, width=40.0)
    expected = [[[0.0, -0.5 * 25], [-0.5, -0.5 * 16], [-20.0, -20.0]]]
    torch.testing.assert_close(prior, torch.tensor(expected))


def test_wider_prior_is_flatter():
    centers, times = torch.tensor([[0.0]]), torch.tensor([[60.0]])
    narrow, wide = (alignment_log_prior(centers, times, w).item() for w in (30.0, 60.0))
    assert (narrow, wide) == pytest.approx((-2.0, -0.5))


def test_prior_gradient():
    centers = torch.rand(2, 3, dtype=torch.float64, requires_grad=True)
    times = torch.arange(8, dtype=torch.float64).view(2, 4)
    assert torch.autograd.gradcheck(lambda c: alignment_log_prior(c, times, 2.0), centers)


def test_guided_attention_golden():
    lengths = torch.tensor([2, 2])
    attention = torch.stack([torch.eye(2), torch.eye(2).flip(0)])
    loss = guided_attention_loss(attention, lengths, lengths)
    far = 1 - math.exp(-(0.5**2) / (2 * 0.2**2))
    torch.testing.assert_close(loss, torch.tensor([0.0, far]))


@pytest.mark.parametrize("size", [8, 64])
def test_guided_attention_vanishes_toward_the_diagonal(size):
    """With three frames per character, attention is off the diagonal by at most one character."""
    attention = torch.eye(size).repeat_interleave(3, dim=0)[None]
    loss = guided_attention_loss(attention, torch.tensor([3 * size]), torch.tensor([size]))
    assert 0 < loss.item() < (1 / size) ** 2 / (2 * 0.2**2)


def test_guided_attention_ignores_padding():
    short = torch.rand(1, 4, 3).softmax(2)
    padded = torch.rand(1, 9, 5)
    padded[:, :4] = 0
    padded[:, :4, :3] = short
    frames, characters = torch.tensor([4]), torch.tensor([3])
    torch.testing.assert_close(
        guided_attention_loss(padded, frames, characters),
        guided_attention_loss(short, frames, characters),
    )


def test_guided_attention_gradient():
    logits = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    frames, characters = torch.tensor([4, 3]), torch.tensor([3, 2])

    def loss(x):
        return guided_attention_loss(x.softmax(2), frames, characters)

    assert torch.autograd.gradcheck(loss, logits)
