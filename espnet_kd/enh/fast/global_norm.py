"""Parts of a global layer norm, which the plain block and the compiled one share."""

from __future__ import annotations

from collections.abc import Callable

import torch


def fold(
    narrow: torch.Tensor,
    gain: torch.Tensor,
    shift: torch.Tensor,
    mean: torch.Tensor,
    scale: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The last convolution (C, H) with the norm before it: weight (C, H), offset (C, B, 1).

    The norm's `gain` and `shift` are (H, 1, 1), its `mean` and `scale` (1, B, 1).
    """
    weight = narrow * gain.view(-1)
    levels = (narrow * shift.view(-1)).sum(1), weight.sum(1)
    level, level_of_mean = (sums.view(-1, 1, 1) for sums in levels)
    return weight, level - mean * scale * level_of_mean


def total(x: torch.Tensor) -> torch.Tensor:
    """Sum (C, B, T) to (1, B, 1)."""
    # First over time, within a channel: quicker than over both, and closer to the true sum.
    return x.sum(2, keepdim=True).sum(0, keepdim=True)


def moments(
    x: torch.Tensor,
    valid: torch.Tensor,
    count: torch.Tensor,
    eps: float,
    total: Callable[[torch.Tensor], torch.Tensor] = total,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and reciprocal standard deviation over channels and valid frames.

    Args:
        x: (C, B, T).
        valid: (1, B, T).
        count: (1, B, 1) valid frames times C.
        eps: added to the variance.
        total: gives the sum (1, B, 1) of (C, B, T).

    Returns:
        (1, B, 1), (1, B, 1).
    """
    inside = x * valid
    mean = total(inside) / count
    return mean, torch.rsqrt((total(inside * x) / count - mean * mean).clamp(min=0) + eps)
