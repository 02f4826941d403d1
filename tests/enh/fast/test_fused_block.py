"""The fused block compared with `residual_block`: values, gradients, precision."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from espnet2.enh.layers.tcn import TemporalConvNet
from torch._dynamo.utils import counters

from espnet_kd.enh.fast.fused_block import block_of, compiled_block, with_margins
from espnet_kd.enh.fast.fused_stages import STAGES
from espnet_kd.enh.layers.masked_tcn import mask_padding
from espnet_kd.enh.layers.residual_block import residual_block

from ..layers.test_residual_block import arguments

fused = block_of(SimpleNamespace(**STAGES))
CONSTANT = (1, 2)  # `valid`, `frames`


def run(block, values, direction):
    """Return the output and the gradient of each tensor."""
    numbers = values[12:]
    tensors = [
        value if i in CONSTANT else value.clone().requires_grad_()
        for i, value in enumerate(values[:12])
    ]
    output = block(*tensors, *numbers)
    (output * direction).sum().backward()
    return [output.detach(), *(t.grad for i, t in enumerate(tensors) if i not in CONSTANT)]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("taps", "dilation"), [(3, 1), (3, 4), (3, 16), (5, 2), (1, 1)])
def test_values_and_gradients_equal_the_plain_block(taps, dilation, causal):
    values = arguments(taps=taps, dilation=dilation)
    if causal:
        values[-2] = dilation * (taps - 1)
    direction = torch.randn_like(values[0])  # also in the padding
    torch.testing.assert_close(
        run(fused, values, direction), run(residual_block, values, direction)
    )


def test_zero_slopes_and_gains():
    """No formula divides by a slope or gain."""
    values = arguments()
    for index in (4, 8):
        values[index] = torch.zeros_like(values[index])
    for index in (5, 9):
        values[index][0] = 0
    direction = torch.randn_like(values[0])
    torch.testing.assert_close(
        run(fused, values, direction), run(residual_block, values, direction)
    )


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("batch", [1, 2])
def test_compiled_equals_the_plain_block(batch):
    values = arguments(torch.float32, batch)
    direction = torch.randn_like(values[0])
    torch.testing.assert_close(
        run(compiled_block(), values, direction),
        run(residual_block, values, direction),
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.usefixtures("compiler")
def test_each_stage_is_compiled_once_for_all_blocks():
    """Blocks differ in dilation, and the first block's features have a different memory layout."""
    torch._dynamo.reset()
    counters.clear()
    network = TemporalConvNet(N=8, B=8, H=12, P=3, X=3, R=2, C=1)
    mask_padding(network)
    for block in network.blocks():
        block.compiled = True
    network(torch.randn(1, 8, 41), torch.tensor([41])).square().sum().backward()
    assert counters["stats"]["unique_graphs"] == len(STAGES)


def test_only_products_use_half_precision():
    values = arguments(torch.float32)
    direction = torch.randn_like(values[0])
    expected = run(residual_block, values, direction)
    with torch.autocast("cpu", torch.bfloat16):
        found = run(fused, values, direction)
    for half, full in zip(found, expected, strict=True):
        assert half.dtype == torch.float32
        assert (half - full).square().sum() < 5e-3 * full.square().sum()
    assert not torch.equal(found[0], expected[0])


def test_tensors_for_the_backward_pass_are_in_half_precision():
    values = arguments(torch.float32)
    x = values[0].requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        output = fused(x, *values[1:])
    large = [saved for saved in output.grad_fn.saved_tensors if saved.shape == (4, 2, 12)]
    assert len(large) == 3
    assert all(saved.dtype == torch.bfloat16 for saved in large)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_less_is_stored_without_a_gradient(mode):
    values = arguments()
    expected = fused(*values)
    values[3] = torch.nn.Parameter(values[3])
    kept = []

    def second_half(*stage):
        found = STAGES["second_half"](*stage)
        kept.append(found[1])
        return found

    block = block_of(SimpleNamespace(**{**STAGES, "second_half": second_half}))
    with mode():
        assert torch.equal(block(*values), expected)
    assert (kept[0] is None) is (mode is not torch.enable_grad)


def test_margins_are_zeros():
    center, shifted = with_margins(torch.empty(5, 3, 4), 2, dilation=2, before=1, taps=3)
    center.copy_(torch.arange(1.0, 5.0).expand(2, 3, 4))
    assert [part[0, 0].tolist() for part in shifted] == [
        [0, 1, 2, 3],
        [2, 3, 4, 0],
        [4, 0, 0, 0],
    ]
