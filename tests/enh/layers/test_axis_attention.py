"""Attention along an axis, compared with its formula written out."""

import pytest
import torch
from torch import nn

from espnet_kd.enh.layers.axis_attention import AxisAttention


def bare(parts, axis, bias=True, channels=4):
    """Return a layer without norms and output layer, so that it outputs the attention itself."""
    layer = AxisAttention(parts, channels, channels, axis, bias=bias).double()
    layer.norm = layer.attended_norm = layer.out = nn.Identity()
    return layer


def attend(layer, term, query, key, value):
    """Return softmax(q k' / sqrt(D)) v of (B, N, C) with the projections of a term."""
    biases = torch.zeros(3, 8, 1, 1) if layer.biases is None else layer.biases
    q, k, v = (
        features @ layer.projections[role, term] + biases[role, term]
        for role, features in enumerate((query, key, value))
    )
    return (q @ k.transpose(1, 2) / q.size(-1) ** 0.5).softmax(dim=-1) @ v


def rows(features, axis):
    """Return (B, C, F, T) as sequences along the axis, (B * other, N, C)."""
    order = (0, 2, 3, 1) if axis == "time" else (0, 3, 2, 1)
    return features.permute(order).flatten(0, 1)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("axis", ["time", "frequency"])
def test_real(axis, bias):
    layer, features = bare(1, axis, bias), torch.randn(2, 4, 3, 5, dtype=torch.double)
    sequences = rows(features, axis)
    found = rows(layer(features, torch.ones(2, 1, 1, 5, dtype=torch.bool)) - features, axis)
    torch.testing.assert_close(found, attend(layer, 0, sequences, sequences, sequences))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("axis", ["time", "frequency"])
def test_complex(axis, bias):
    layer, features = bare(2, axis, bias), torch.randn(2, 8, 3, 5, dtype=torch.double)
    r, i = (rows(half, axis) for half in features.chunk(2, dim=1))
    rrr, rri, rir, rii, irr, iri, iir, iii = (
        attend(layer, term, *factors)
        for term, factors in enumerate(
            [(r, r, r), (r, r, i), (r, i, r), (r, i, i), (i, r, r), (i, r, i), (i, i, r), (i, i, i)]
        )
    )
    change = layer(features, torch.ones(2, 1, 1, 5, dtype=torch.bool)) - features
    real, imaginary = (rows(half, axis) for half in change.chunk(2, dim=1))
    torch.testing.assert_close(real, rrr - rii - iri - iir)
    torch.testing.assert_close(imaginary, rri + rir + irr - iii)


@pytest.mark.parametrize("parts", [1, 2])
def test_padding_is_not_attended(parts):
    layer = AxisAttention(parts, 4, 3, "time").eval()
    features = torch.randn(2, parts * 4, 3, 7)
    valid = torch.arange(7) < torch.tensor([7, 4])[:, None]
    garbage = torch.where(valid[:, None, None, :], features, 100 * torch.randn(features.shape))
    found = layer(garbage, valid[:, None, None, :])
    alone = layer(features[1:, ..., :4], torch.ones(1, 1, 1, 4, dtype=torch.bool))
    torch.testing.assert_close(found[1:, ..., :4], alone)


@pytest.mark.parametrize("axis", ["time", "frequency"])
@pytest.mark.parametrize("parts", [1, 2])
def test_other_axis_is_independent(parts, axis):
    """A change at one place affects the output only along the axis."""
    layer = AxisAttention(parts, 4, 3, axis).eval()
    features, valid = torch.randn(1, parts * 4, 3, 5), torch.ones(1, 1, 1, 5, dtype=torch.bool)
    changed = features.clone()
    changed[..., 1, 2] += torch.randn(parts * 4)  # the norm would remove a constant
    affected = (layer(changed, valid) - layer(features, valid)).abs().sum(dim=(0, 1)) > 1e-6
    expected = torch.zeros(3, 5, dtype=torch.bool)
    if axis == "time":
        expected[1] = True
    else:
        expected[:, 2] = True
    assert torch.equal(affected, expected)
