"""Layers of networks with a complex and a magnitude branch."""

import pytest
import torch
from torch import nn

from espnet_kd.enh.layers.two_branch import (
    COMPLEX,
    MAGNITUDE,
    Causal,
    ChannelNorm,
    FusedPair,
    JointBatchNorm,
    convolution,
    fuse,
    modulus,
    transposed_convolution,
)


def sigmoid(x):
    return 1 / (1 + torch.exp(torch.tensor(-x)))


def test_fuse_by_hand():
    """X = 3 + 4i, so |X| = 5; m = 2."""
    features = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    x, m = fuse(features, torch.tensor(2.0).view(1, 1, 1, 1))
    torch.testing.assert_close(x.flatten(), torch.tensor([3.0, 4.0]) + sigmoid(2.0))
    torch.testing.assert_close(m.squeeze(), 2.0 + sigmoid(5.0))


def test_modulus_of_halves_and_its_gradient_at_zero():
    features = torch.zeros(1, 4, 1, 1, requires_grad=True)
    modulus(features).sum().backward()
    assert torch.equal(features.grad, torch.zeros(1, 4, 1, 1))
    halves = torch.tensor([3.0, 5.0, 4.0, 12.0]).view(1, 4, 1, 1)
    torch.testing.assert_close(modulus(halves).flatten(), torch.tensor([5.0, 13.0]))


def test_fuse_gradient():
    x = torch.randn(1, 4, 2, 3, dtype=torch.double, requires_grad=True)
    m = torch.randn(1, 2, 2, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(fuse, (x, m))


def test_pair_passes_context_and_can_be_tapped():
    class Scale(nn.Module):
        def forward(self, features, factor):
            return features * factor

    pair, seen = FusedPair(Scale(), Scale()), {}
    pair.complex_out.register_forward_hook(lambda *got: seen.update(complex=got[2]))
    pair.magnitude_out.register_forward_hook(lambda *got: seen.update(magnitude=got[2]))
    x, m = torch.randn(2, 4, 3, 5), torch.randn(2, 2, 3, 5)
    found = pair(x, m, 2.0)
    for got, expected in zip(found, fuse(2 * x, 2 * m), strict=True):
        assert torch.equal(got, expected)
    assert seen["complex"] is found[0] and seen["magnitude"] is found[1]


@pytest.mark.parametrize("parts", [COMPLEX, MAGNITUDE])
def test_channel_norm(parts):
    """Each half has mean 0 and variance 1 over its own channels."""
    norm, features = ChannelNorm(6), 3 + 2 * torch.randn(2, parts * 6, 4, 5)
    normed = norm(features)
    for got, given in zip(normed.chunk(parts, 1), features.chunk(parts, 1), strict=True):
        spread = given.std(dim=1, keepdim=True, correction=0)
        torch.testing.assert_close(
            got, (given - given.mean(dim=1, keepdim=True)) / spread, atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize("make", [convolution, transposed_convolution])
def test_complex_layer_multiplies_complex_numbers(make):
    """With one weight, the layer computes (x + iy) (a + ib)."""
    layer = make(COMPLEX, 1, 1, kernel_size=(1, 1))
    a, b = (module.weight.squeeze() for module in (layer.real_conv, layer.imag_conv))
    x, y = torch.randn(2, 1, 1, 3, 4)
    expected = torch.complex(x, y) * torch.complex(a, b)
    found = layer(torch.cat([x, y], dim=1))
    torch.testing.assert_close(found, torch.cat([expected.real, expected.imag], dim=1))


@pytest.mark.parametrize("parts", [COMPLEX, MAGNITUDE])
@pytest.mark.parametrize("frames", [1, 7])
def test_causal_layers(parts, frames):
    """The output has as many frames as the input, and no frame depends on a later one."""
    down = Causal(
        convolution(parts, 2, 3, kernel_size=(5, 2), stride=(2, 1), padding=(2, 1)),
    )
    up = Causal(
        transposed_convolution(
            parts, 3, 2, kernel_size=(5, 2), stride=(2, 1), padding=(2, 0), output_padding=(1, 0)
        )
    )
    features = torch.randn(1, parts * 2, 8, frames, requires_grad=True)
    deeper = down(features)
    out = up(deeper)
    assert deeper.shape == (1, parts * 3, 4, frames)
    assert out.shape == features.shape
    middle = frames // 2
    for layer_out in (deeper, out):
        (gradient,) = torch.autograd.grad(layer_out[..., middle].sum(), features, retain_graph=True)
        seen = gradient.abs().sum(dim=(0, 1, 2)) > 0
        assert seen[middle] and not seen[middle + 1 :].any()


def test_joint_batch_norm_is_the_batch_norm_of_complex_numbers():
    """The authors of Uformer normalize (B, C, F, T, 2) with BatchNorm3d."""
    joint, reference = JointBatchNorm(3), nn.BatchNorm3d(3)
    with torch.no_grad():
        for norm in (joint, reference):
            norm.weight.copy_(torch.tensor([1.0, 2.0, 3.0]))
            norm.bias.copy_(torch.tensor([0.0, 1.0, -1.0]))
    features = 2 * torch.randn(4, 6, 5, 7) + 1
    pairs = torch.stack(features.chunk(2, dim=1), dim=-1)
    for mode in (True, False):
        expected = reference.train(mode)(pairs)
        torch.testing.assert_close(
            joint.train(mode)(features), torch.cat(expected.unbind(dim=-1), dim=1)
        )
    torch.testing.assert_close(joint.running_mean, reference.running_mean)
    torch.testing.assert_close(joint.running_var, reference.running_var)
