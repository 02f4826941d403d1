"""Grouped GRUs compared with PyTorch's, one for each group."""

import torch
from torch import nn

from espnet_kd.enh.layers.grouped_gru import GroupedGRU


def test_equals_one_gru_for_each_group():
    grouped, x, hidden = GroupedGRU(3, 5, 4), torch.randn(2, 7, 15), torch.randn(1, 2, 12)
    outputs, states = [], []
    for group in range(3):
        single = nn.GRU(5, 4, batch_first=True)
        names = {name: name.removesuffix("_l0") for name, _ in single.named_parameters()}
        single.load_state_dict({name: getattr(grouped, own)[group] for name, own in names.items()})
        inputs = x[..., 5 * group : 5 * group + 5]
        output, state = single(inputs, hidden[..., 4 * group : 4 * group + 4].contiguous())
        outputs.append(output)
        states.append(state)
    output, state = grouped(x, hidden)
    torch.testing.assert_close(output, torch.cat(outputs, dim=2))
    torch.testing.assert_close(state, torch.cat(states, dim=2))


def test_starts_from_zero():
    grouped, x = GroupedGRU(2, 3, 4), torch.randn(2, 5, 6)
    torch.testing.assert_close(grouped(x), grouped(x, torch.zeros(1, 2, 8)))


def test_initial_weights_are_those_of_pytorch():
    """Uniform within 1 / sqrt(units)."""
    grouped = GroupedGRU(4, 64, 16)
    assert all(0.2 < weight.abs().max() <= 0.25 for weight in grouped.parameters())
