"""Frozen: a model that is used in training but neither trained nor saved."""

import pytest
import torch
from torch import nn

from espnet_kd.distill.frozen import Frozen


@pytest.fixture
def owner():
    model = nn.Module()
    model.own = nn.Linear(2, 2)
    held = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    model.teacher = Frozen(held.train())
    return model


def test_weights_are_not_registered(owner):
    own = ["own.weight", "own.bias"]
    assert list(owner.state_dict()) == own
    assert [name for name, _ in owner.named_parameters()] == own
    assert list(owner.named_buffers()) == []
    assert not any("teacher." in name for name, _ in owner.named_modules())
    owner.load_state_dict(owner.state_dict())


def test_it_moves_with_its_owner(owner):
    owner.to(torch.float64)
    assert {tensor.dtype for tensor in owner.teacher.module.parameters()} == {torch.float64}
    assert owner.teacher.module[1].running_mean.dtype == torch.float64
    owner.to("meta")
    assert owner.teacher.module[1].running_mean.device.type == "meta"


def test_train_does_not_reach_it(owner):
    assert owner.train().training
    assert not any(module.training for module in owner.teacher.module.modules())


def test_gradients_flow_through_but_stay_out(owner):
    owner.requires_grad_(True)
    before = {key: value.clone() for key, value in owner.teacher.module.state_dict().items()}
    value = torch.randn(3, 2, requires_grad=True)
    owner.train()
    owner.teacher.module(owner.own(value)).square().sum().backward()
    assert value.grad.abs().sum() > 0 and owner.own.weight.grad.abs().sum() > 0
    assert all(tensor.grad is None for tensor in owner.teacher.module.parameters())
    after = owner.teacher.module.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_recurrent_layers_let_gradients_through_cudnn(kind):
    """In training mode, without dropout, since cuDNN has no backward pass in evaluation mode."""
    recurrent = kind(3, 4, num_layers=2, dropout=0.5, bidirectional=True)
    teacher = nn.ModuleDict({"inner": nn.ModuleList([recurrent]), "dropout": nn.Dropout(0.5)})
    value = torch.randn(5, 2, 3)
    expected, _ = recurrent.eval()(value)
    held = Frozen(teacher.train()).module
    assert recurrent.training and not held.training and not held["dropout"].training
    for _ in range(2):
        assert torch.equal(recurrent(value)[0], expected)
    assert not any(weight.requires_grad for weight in held.parameters())
