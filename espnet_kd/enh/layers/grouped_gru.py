"""Several small GRUs that run as one."""

from __future__ import annotations

import torch
from torch import nn


class GroupedGRU(nn.Module):
    """GRUs side by side: each group of channels has its own, and all take a step at once.

    PyTorch needs about as long for a step of a GRU with 16 units as for one with 4, so the weights
    are put on the diagonal of larger matrices. The initial weights are those of nn.GRU.

    Args:
        groups: number of GRUs, G.
        inputs: input channels of each.
        units: hidden units of each.
    """

    def __init__(self, groups: int, inputs: int, units: int):
        super().__init__()
        self.groups, self.units = groups, units
        sizes = {"weight_ih": inputs, "weight_hh": units, "bias_ih": None, "bias_hh": None}
        for name, width in sizes.items():
            shape = (groups, 3 * units) if width is None else (groups, 3 * units, width)
            values = torch.empty(shape).uniform_(-(units**-0.5), units**-0.5)
            self.register_parameter(name, nn.Parameter(values))

    def forward(
        self, x: torch.Tensor, hidden: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run along T.

        Args:
            x: (B, T, G inputs).
            hidden: (1, B, G units), zero by default.

        Returns:
            (B, T, G units) and the last hidden state (1, B, G units).
        """
        if hidden is None:
            hidden = x.new_zeros(1, len(x), self.groups * self.units)
        weights = [self._diagonal(self.weight_ih), self._diagonal(self.weight_hh)]
        biases = [self._in_order(self.bias_ih), self._in_order(self.bias_hh)]
        return torch.gru(x, hidden, weights + biases, True, 1, 0.0, self.training, False, True)

    def _diagonal(self, weight: torch.Tensor) -> torch.Tensor:
        """Map (G, 3 units, W) to (3 G units, G W), with the three gates outside the groups."""
        gates = weight.unflatten(1, (3, self.units)).transpose(0, 1).unsqueeze(3)
        own = torch.eye(self.groups, device=weight.device, dtype=weight.dtype)
        return (gates * own[:, None, :, None]).flatten(3).flatten(0, 2)

    def _in_order(self, bias: torch.Tensor) -> torch.Tensor:
        """Map (G, 3 units) to (3 G units)."""
        return bias.unflatten(1, (3, self.units)).transpose(0, 1).flatten()
