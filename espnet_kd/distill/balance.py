"""Give each layer of a loss the same share of the mean."""

from __future__ import annotations

import torch
from torch import nn

MOMENTUM = 0.99  # of the running levels, per training step
LEAST = 1e-3  # of the mean level; bounds the weight of a layer that the student already reproduces


class Balance(nn.Module):
    """Mean of P terms, each weighted by the inverse of its own running level.

    sum_p w_p v_p / P with w_p = mean(r) / r_p, where r_p is the running mean of v_p over training
    steps, without gradient. The weighted terms have equal levels, and the size of the mean stays
    what it is without weights. The levels are saved and resumed with the training.

    Args:
        terms: P.
    """

    def __init__(self, terms: int):
        super().__init__()
        self.register_buffer("level", torch.zeros(terms))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Average (P, B) over its terms to (B,); in training, update the levels."""
        if self.training:
            now = values.detach().mean(dim=1).to(self.level)
            running = MOMENTUM * self.level + (1 - MOMENTUM) * now
            updated = torch.where(self.level > 0, running, now)
            self.level.copy_(torch.where(now.isfinite(), updated, self.level))
        mean = self.level.mean()
        weights = mean / self.level.clamp(min=LEAST * mean)
        weights = torch.where(mean > 0, weights, torch.ones_like(weights))  # nothing was trained
        return (weights.to(values)[:, None] * values).mean(dim=0)
