"""The block of a Conv-TasNet as one function of features and weights."""

from __future__ import annotations

import torch
from torch.nn import functional


def residual_block(
    x: torch.Tensor,
    valid: torch.Tensor,
    frames: torch.Tensor,
    wide: torch.Tensor,
    slope: torch.Tensor,
    gain: torch.Tensor,
    shift: torch.Tensor,
    kernel: torch.Tensor,
    slope2: torch.Tensor,
    gain2: torch.Tensor,
    shift2: torch.Tensor,
    narrow: torch.Tensor,
    dilation: int,
    before: int,
    eps: float,
) -> torch.Tensor:
    """Compute x + narrow(gLN(PReLU(depthwise(gLN(PReLU(wide(x))))))).

    Luo and Mesgarani 2019, Figure 1 (C): Conv-TasNet's block, without the skip connection. Global
    layer norms count valid frames alone; the depthwise convolution sees zeros elsewhere. The second
    norm is an affine map of each utterance and channel, and the 1x1 convolution behind it is
    linear, so the map is taken into the weight of the convolution and into its output, which has
    fewer channels.

    Args:
        x: (B, C, T).
        valid: (B, 1, T) 1 where a frame is valid, else 0.
        frames: (B, 1, 1) number of valid frames.
        wide: (H, C, 1).
        slope: (1,) of the PReLU.
        gain: (1, H, 1) of the norm, and its `shift`.
        kernel: (H, 1, P) of the depthwise convolution.
        slope2, gain2, shift2: as the first.
        narrow: (C, H, 1).
        dilation: of that convolution.
        before: zeros in front of it.
        eps: added to the variances.

    Returns:
        (B, C, T).
    """
    count = frames * len(wide)
    hidden = functional.prelu(product(wide.squeeze(2), x).to(slope.dtype), slope)
    mean, scale = moments(hidden, valid, count, eps)
    hidden = ((hidden - mean) * (scale * gain) + shift) * valid
    size, taps = hidden.size(2), kernel.size(2)
    hidden = functional.pad(hidden, (before, dilation * (taps - 1) - before))
    hidden = sum(
        hidden[:, :, tap * dilation : tap * dilation + size] * kernel[:, :, tap]
        for tap in range(taps)
    )
    hidden = functional.prelu(hidden, slope2)
    mean, scale = moments(hidden, valid, count, eps)
    weight = narrow * gain2
    offset = (narrow * shift2).sum(1) - mean * scale * weight.sum(1)
    return x + product(weight.squeeze(2), hidden).to(x.dtype) * scale + offset


def product(weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Multiply (D, C) by each (C, T) of a batch, in the precision of the batch."""
    return torch.bmm(weight.to(x.dtype).expand(len(x), -1, -1), x)


def total(x: torch.Tensor) -> torch.Tensor:
    """Sum (B, C, T) to (B, 1, 1)."""
    # First over time, within a channel: quicker than over both, and closer to the true sum.
    return x.sum(2, keepdim=True).sum(1, keepdim=True)


def moments(
    x: torch.Tensor, valid: torch.Tensor, count: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and reciprocal standard deviation over channels and valid frames.

    Args:
        x: (B, C, T).
        valid: (B, 1, T).
        count: (B, 1, 1) valid frames times C.
        eps: added to the variance.

    Returns:
        (B, 1, 1), (B, 1, 1).
    """
    inside = x * valid
    mean = total(inside) / count
    return mean, torch.rsqrt((total(inside * x) / count - mean * mean).clamp(min=0) + eps)
