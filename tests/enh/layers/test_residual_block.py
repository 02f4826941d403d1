"""The block as one function: compared with its definition, gradient, moments, precision."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from espnet_kd.enh.fast.global_norm import moments
from espnet_kd.enh.layers.residual_block import residual_block

CHANNELS, HIDDEN, FRAMES = 3, 4, 12
EPS = 1e-7


def arguments(dtype=torch.float64, batch=2, taps=3, dilation=2):
    """Return the arguments of `residual_block`, in its order; the second utterance is shorter."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    valid = torch.ones(1, batch, FRAMES, dtype=dtype)
    valid[:, 1:, 6:] = 0
    return [
        random(CHANNELS, batch, FRAMES),
        valid,
        valid.sum(2, keepdim=True),
        random(HIDDEN, CHANNELS),
        torch.tensor([0.3], dtype=dtype),
        random(HIDDEN, 1, 1),
        random(HIDDEN, 1, 1),
        random(taps, HIDDEN, 1, 1),
        torch.tensor([0.1], dtype=dtype),
        random(HIDDEN, 1, 1),
        random(HIDDEN, 1, 1),
        random(CHANNELS, HIDDEN),
        dilation,
        dilation * (taps - 1) // 2,
        EPS,
    ]


def by_definition(x, wide, slope, gain, shift, kernel, slope2, gain2, shift2, narrow, dilation):
    """Compute the block for one utterance (C, T) step by step with PyTorch's layers."""

    def norm(y, gain, shift):
        y = (y - y.mean()) / (y.var(unbiased=False) + EPS).sqrt()
        return gain.squeeze(2) * y + shift.squeeze(2)

    depthwise = kernel.squeeze(3).permute(1, 2, 0)
    y = norm(functional.prelu(functional.conv1d(x, wide.unsqueeze(2)), slope), gain, shift)
    pad = dilation * (len(kernel) - 1) // 2
    y = functional.conv1d(y, depthwise, padding=pad, dilation=dilation, groups=len(wide))
    y = norm(functional.prelu(y, slope2), gain2, shift2)
    return x + functional.conv1d(y, narrow.unsqueeze(2))


@pytest.mark.parametrize(("taps", "dilation"), [(3, 1), (3, 2), (3, 8), (5, 2), (1, 1)])
def test_equals_the_definition(taps, dilation):
    values = arguments(taps=taps, dilation=dilation)
    found = residual_block(*values)
    for i, size in enumerate([FRAMES, 6]):
        alone = by_definition(values[0][:, i, :size], *values[3:12], dilation)
        torch.testing.assert_close(found[:, i, :size], alone)


def test_moments_golden():
    x = torch.tensor([[[1.0, 3.0, 100.0]], [[2.0, 6.0, -7.0]]])
    valid = torch.tensor([[[1.0, 1.0, 0.0]]])
    mean, scale = moments(x, valid, torch.tensor([[[4.0]]]), 0.0)
    assert mean.item() == 3.0
    assert scale.item() == pytest.approx(((4 + 0 + 1 + 9) / 4) ** -0.5)


def test_moments_of_a_constant_are_finite():
    mean, scale = moments(
        torch.full((2, 1, 4), 1e3), torch.ones(1, 1, 4), torch.full((1, 1, 1), 8), EPS
    )
    assert mean.item() == 1e3
    assert scale.isfinite().all()


def test_gradient():
    x, valid, frames, *weights = arguments()
    weights, numbers = weights[:-3], weights[-3:]

    def block(x, *weights):
        return residual_block(x, valid, frames, *weights, *numbers) * valid

    inputs = [value.requires_grad_() for value in (x, *weights)]
    assert torch.autograd.gradcheck(block, inputs)


def test_only_products_use_half_precision():
    values = arguments(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        half = residual_block(*values)
    full = residual_block(*values)
    assert half.dtype == torch.float32
    error = (half - full).square().sum() / (full - values[0]).square().sum()
    assert 0 < error < 1e-4  # 40 dB
