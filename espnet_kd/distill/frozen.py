"""A model that is used in training but neither trained nor saved."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn


class Frozen(nn.Module):
    """Hold a module in evaluation mode, with no gradients for its weights.

    It moves with its owner (`to`, `cuda`), but its weights are in no optimizer, state dict or
    parameter count, and `train()` does not reach it. Gradients still flow through it.

    Args:
        module: a trained model.
    """

    def __init__(self, module: nn.Module):
        super().__init__()
        # In a list, since nn.Module would register an attribute, and save and optimize its weights.
        self._held = [module.eval().requires_grad_(False)]
        for part in module.modules():
            if isinstance(part, nn.RNNBase):  # cuDNN has no backward pass in evaluation mode
                part.dropout = 0.0  # nothing else depends on its mode
                part.train()

    @property
    def module(self) -> nn.Module:
        """The model."""
        return self._held[0]

    def _apply(self, function: Callable, recurse: bool = True) -> Frozen:
        super()._apply(function, recurse)
        self._held[0]._apply(function, recurse)
        return self
