"""Parts of a global layer norm, shared by the plain and the compiled Conv-TasNet block.

Results must equal the definition of the norm (mean, variance, gain and shift over all channels and
valid frames). Used with and without `compile: true`, on CPU and GPU, in the precision of the
weights. tests/enh/layers/test_residual_block.py compares them with the definition, in float64;
tests/enh/fast/test_fused_block.py compares the compiled block that uses them with the plain one.
"""

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
    """Fold the norm into the last convolution `narrow` (C, H).

    The norm's `gain` and `shift` are (H, 1, 1), its `mean` and `scale` (1, B, 1).

    Returns:
        Weight (C, H), offset (C, B, 1).
    """
    weight = narrow * gain.view(-1)
    levels = (narrow * shift.view(-1)).sum(1), weight.sum(1)
    level, level_of_mean = (sums.view(-1, 1, 1) for sums in levels)
    return weight, level - mean * scale * level_of_mean


def total(x: torch.Tensor) -> torch.Tensor:
    """Sum (C, B, T) to (1, B, 1)."""
    # Over time within a channel first: faster than over both at once, and more accurate.
    return x.sum(2, keepdim=True).sum(0, keepdim=True)


def moments(
    x: torch.Tensor,
    valid: torch.Tensor,
    count: torch.Tensor,
    eps: float,
    total: Callable[[torch.Tensor], torch.Tensor] = total,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and reciprocal standard deviation over channels and valid frames.

    Args:
        x: (C, B, T).
        valid: (1, B, T).
        count: (1, B, 1) valid frames times C.
        eps: added to the variance.
        total: returns the sum (1, B, 1) of (C, B, T).

    Returns:
        (1, B, 1), (1, B, 1).
    """
    inside = x * valid
    mean = total(inside) / count
    return mean, torch.rsqrt((total(inside * x) / count - mean * mean).clamp(min=0) + eps)
