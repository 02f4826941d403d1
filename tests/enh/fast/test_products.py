"""Products compared with einsum and autograd: values, gradients, libraries, precision, layout."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from espnet_kd.enh.fast import products
from espnet_kd.enh.fast.products import (
    correlation,
    correlations,
    folded,
    product,
    sum_with_product,
)
from espnet_kd.enh.layers.masked_tcn import PointwiseConvolution

D, C, B, T = 5, 3, 2, 7


def tensors(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    shapes = (D, C), (C, B, T), (D, B, T)
    return [torch.randn(*shape, generator=generator, dtype=dtype) for shape in shapes]


@pytest.fixture(params=["onednn", "without"])
def library(request):
    """Test with oneDNN and with its replacement for PyTorch builds without oneDNN."""
    with torch.backends.mkldnn.flags(enabled=request.param == "onednn"):
        yield request.param


def test_product(library):
    weight, x, direction = (tensor.requires_grad_() for tensor in tensors())
    found = product(weight, x)
    torch.testing.assert_close(found, torch.einsum("dc,cbt->dbt", weight, x))
    gradients = torch.autograd.grad(found, (weight, x), direction)
    torch.testing.assert_close(gradients[0], torch.einsum("dbt,cbt->dc", direction, x))
    torch.testing.assert_close(gradients[1], torch.einsum("dc,dbt->cbt", weight, direction))


def test_gradient():
    weight, x, _ = (tensor.requires_grad_() for tensor in tensors(torch.float64))
    assert torch.autograd.gradcheck(product, (weight, x))


def test_correlations(library):
    _, x, wide = tensors()
    torch.testing.assert_close(correlation(wide, x), torch.einsum("dbt,cbt->dc", wide, x))
    torch.testing.assert_close(correlations(wide, x), torch.einsum("dbt,cbt->bdc", wide, x))


def test_sum_with_product(library):
    weight, x, wide = tensors()
    found = sum_with_product(wide, weight, x)
    torch.testing.assert_close(found, wide + torch.einsum("dc,cbt->dbt", weight, x))


@pytest.mark.parametrize(
    "name", ["plain_product", "sum_with_product", "correlation", "correlations"]
)
def test_operators_match_their_declarations(name):
    weight, x, wide = tensors()
    arguments = {"plain_product": (weight, x), "sum_with_product": (wide, weight, x)}
    operator = getattr(torch.ops.espnet_kd, name).default
    found = torch.library.opcheck(
        operator, arguments.get(name, (wide, x)), test_utils=("test_schema", "test_faketensor")
    )
    assert set(found.values()) == {"SUCCESS"}


def test_onednn_is_used_for_float32(monkeypatch):
    asked = []

    def counted(*arguments):
        asked.append(arguments)
        return onednn(*arguments)

    onednn = products.ONEDNN
    monkeypatch.setattr(products, "ONEDNN", counted)
    weight, x, _ = tensors()
    product(weight, x)
    product(weight.double(), x.double())
    with torch.backends.mkldnn.flags(enabled=False):
        product(weight, x)
    assert len(asked) == 1


def test_half_precision_under_autocast():
    weight, x, direction = tensors()
    weight.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        found = product(weight, x)
    assert found.dtype == torch.bfloat16
    found.backward(direction.bfloat16())
    assert weight.grad.dtype == torch.float32
    expected = torch.einsum("dbt,cbt->dc", direction, x)
    assert (weight.grad - expected).norm() < 0.02 * expected.norm()


def test_folded_copies_only_other_layouts():
    x = torch.randn(B, C, T)
    copy = folded(x.transpose(0, 1))
    assert torch.equal(copy, x.transpose(0, 1))
    assert folded(copy).data_ptr() == copy.data_ptr()
    assert folded(copy).stride() == copy.stride() == (B * T, T, 1)


def test_convolution_equals_torchs():
    convolution = nn.Conv1d(C, D, 1, bias=False)
    x = torch.randn(B, C, T)
    expected = convolution(x)
    convolution.__class__ = PointwiseConvolution
    torch.testing.assert_close(convolution(x), expected)


def test_onednn_gets_matrices_without_gaps(monkeypatch):
    """A slice of the frames has gaps; on it, oneDNN would take a thousand times as long."""
    seen = []

    def spy(real):
        def call(*arguments):
            seen.extend(value for value in arguments if isinstance(value, torch.Tensor))
            return real(*arguments)

        return call

    onednn = products.ONEDNN
    operator = spy(onednn)
    operator.binary = spy(onednn.binary)
    monkeypatch.setattr(products, "ONEDNN", operator)
    weight, x, wide = (tensor[..., :-1] for tensor in tensors())
    x, wide = x[: C - 1, :1], wide[:, :1]
    torch.testing.assert_close(
        sum_with_product(wide, weight, x), wide + torch.einsum("dc,cbt->dbt", weight, x)
    )
    product(weight, x), correlation(wide, x), correlations(wide, x)
    assert len(seen) == 3 + 3 * 2
    assert all(value.is_contiguous() or value.T.is_contiguous() for value in seen)
