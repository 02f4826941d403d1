"""A model that is used in training, but neither trained nor saved."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn


class Frozen(nn.Module):
    """Holds a module in evaluation mode, without gradients of its weights.

    It moves with its owner (`to`, `cuda`), but its weights are in no optimizer, state dict or
    parameter count; `train()` does not reach it. Gradients do flow through it.

    Args:
        module: a trained model.
    """

    def __init__(self, module: nn.Module):
        super().__init__()
        # In a list, because nn.Module would register it: its weights would be saved and optimized.
        self._held = [module.eval().requires_grad_(False)]
        for part in module.modules():
            if isinstance(part, nn.RNNBase):  # cuDNN has no gradients in evaluation mode
                part.dropout = 0.0  # all that its mode decides
                part.train()

    @property
    def module(self) -> nn.Module:
        """The model."""
        return self._held[0]

    def _apply(self, function: Callable, recurse: bool = True) -> Frozen:
        super()._apply(function, recurse)
        self._held[0]._apply(function, recurse)
        return self
