"""Uformer's bottleneck: layers, dilations, receptive field, padding."""

import torch

from espnet_kd.enh.layers.axis_attention import AxisAttention
from espnet_kd.enh.layers.dilated_dual_path_conformer import (
    DilatedDualPathConformer,
    FeedForward,
    GatedDilatedConv,
)

SIZES = {"channels": 4, "ff_channels": 3, "attention_dim": 2, "conv_channels": 3, "num_convs": 3}


def batch(frames=9):
    valid = torch.ones(2, 1, 1, frames, dtype=torch.bool)
    return torch.randn(2, 8, 3, frames), torch.randn(2, 4, 3, frames), valid


def test_feed_forward_adds_half_its_output():
    layer, features = FeedForward(2, 4, 3).eval(), torch.randn(1, 8, 3, 5)
    change = layer(features, torch.ones(1, 1, 1, 5)) - features
    torch.testing.assert_close(change, 0.5 * layer.layers(features))


def test_order_and_mirrored_dilations():
    blocks = DilatedDualPathConformer(**SIZES).blocks
    kinds = [FeedForward, AxisAttention, AxisAttention, *[GatedDilatedConv] * 3, FeedForward]
    assert [type(block.complex_layer) for block in blocks] == kinds
    assert [type(block.magnitude_layer) for block in blocks] == kinds
    assert [block.complex_layer.axis for block in blocks[1:3]] == ["time", "frequency"]
    convs = [block.magnitude_layer for block in blocks[3:6]]
    assert [(conv.signal.dilation[1], conv.gate.dilation[1]) for conv in convs] == [
        (1, 4),
        (2, 2),
        (4, 1),
    ]


def test_default_has_eight_convolutions_up_to_128_frames():
    blocks = DilatedDualPathConformer().blocks
    assert [block.complex_layer.signal.dilation[1] for block in blocks[3:-1]] == [
        1, 2, 4, 8, 16, 32, 64, 128,
    ]  # fmt: skip


def test_dilated_convolution_sees_both_sides_at_its_dilations():
    layer = GatedDilatedConv(1, 4, 3, dilation=2, gate_dilation=3)
    features = torch.randn(1, 4, 3, 11, requires_grad=True)
    (layer(features, torch.ones(1, 1, 1, 11))[..., 5].sum()).backward()
    seen = features.grad.abs().sum(dim=(0, 1, 2)).nonzero().flatten()
    assert seen.tolist() == [2, 3, 5, 7, 8]


def test_all_frames_are_seen_and_gradients_are_right():
    model = DilatedDualPathConformer(**SIZES).double().eval()
    x, m, valid = batch(3)
    x, m = (features[:1].double().requires_grad_() for features in (x, m))
    assert torch.autograd.gradcheck(lambda x, m: model(x, m, valid[:1]), (x, m), fast_mode=True)
    (gradient,) = torch.autograd.grad(model(x, m, valid[:1])[1][..., 0].pow(2).sum(), x)
    assert (gradient.abs().sum(dim=(0, 1, 2)) > 0).all()


def test_padding_does_not_change_valid_frames():
    model = DilatedDualPathConformer(**SIZES).eval()
    x, m, valid = batch()
    valid[1, ..., 5:] = False
    noisy = [torch.where(valid, features, 1e3 * torch.randn(features.shape)) for features in (x, m)]
    alone = model(x[1:, ..., :5], m[1:, ..., :5], valid[1:, ..., :5])
    for got, single in zip(model(*noisy, valid), alone, strict=True):
        torch.testing.assert_close(got[1:, ..., :5], single)
