"""A hop as a function of tensors: it can be exported, and its state has all of the past."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.streaming.hop_model import HopModel


@pytest.mark.parametrize("name", ["gtcrn", "tcn"])
@torch.no_grad()
def test_can_be_exported(build, name):
    """The graph recorded on one hop computes others: no branch depends on values."""
    model = HopModel(build(name))
    hop = model.front_end.hop
    state = model.begin(torch.randn(1, model.front_end.lead))
    exported = torch.export.export(model, (torch.zeros(1, hop), *state), strict=False).module()
    ours, theirs = state, state
    for samples in torch.randn(4, 1, hop):
        expected, *ours = model(samples, *ours)
        found, *theirs = exported(samples, *theirs)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
        assert found.any()


@pytest.mark.parametrize("name", ["gtcrn", "tcn"])
@torch.no_grad()
def test_the_state_is_all_of_the_past(build, name):
    """Two models with equal weights continue each other's signal."""
    first, second = HopModel(build(name)), HopModel(build(name))
    hop = first.front_end.hop
    begin = first.begin(torch.randn(1, first.front_end.lead))
    samples = torch.randn(1, 6 * hop)
    whole, *_ = first(samples, *begin)
    start, *state = first(samples[:, : 2 * hop], *begin)
    end, *_ = second(samples[:, 2 * hop :], *state)
    torch.testing.assert_close(torch.cat([start, end], dim=1), whole, rtol=0, atol=1e-6)
