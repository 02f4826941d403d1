"""Masks and encodings for sequences of unequal length."""

from __future__ import annotations

import math

import torch


def padding_mask(lengths: torch.Tensor, size: int) -> torch.Tensor:
    """Mark the positions that are padding.

    Args:
        lengths: (B,) valid lengths.
        size: padded length L.

    Returns:
        (B, L) bool, True where the position is padding.
    """
    return torch.arange(size, device=lengths.device)[None, :] >= lengths[:, None]


def sinusoids(size: int, dim: int, like: torch.Tensor) -> torch.Tensor:
    """Return the sinusoidal positional encoding (Vaswani et al. 2017, section 3.5).

    Returns:
        (size, dim) on the device and in the dtype of `like`.
    """
    position = torch.arange(size, device=like.device, dtype=torch.float32)[:, None]
    rate = torch.exp(
        torch.arange(0, dim, 2, device=like.device, dtype=torch.float32) * (-math.log(1e4) / dim)
    )
    table = torch.zeros(size, dim, device=like.device)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate[: dim // 2])
    return table.to(like.dtype)
