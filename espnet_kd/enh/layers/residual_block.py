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
    depthwise: torch.Tensor,
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
        depthwise: (H, 1, P).
        slope2, gain2, shift2: as the first.
        narrow: (C, H, 1).
        dilation: of the depthwise convolution.
        before: zeros in front of it.
        eps: added to the variances.

    Returns:
        (B, C, T).
    """
    hidden = functional.prelu(pointwise(wide, x).to(slope.dtype), slope)
    mean, scale = moments(hidden, valid, frames, eps)
    hidden = ((hidden - mean) * (scale * gain) + shift) * valid
    size, taps = hidden.size(2), depthwise.size(2)
    hidden = functional.pad(hidden, (before, dilation * (taps - 1) - before))
    hidden = sum(
        hidden[:, :, tap * dilation : tap * dilation + size] * depthwise[:, :, tap]
        for tap in range(taps)
    )
    hidden = functional.prelu(hidden, slope2)
    mean, scale = moments(hidden, valid, frames, eps)
    weight = narrow * gain2
    offset = (narrow * shift2).sum(1) - mean * scale * weight.sum(1)
    return x + pointwise(weight, hidden).to(x.dtype) * scale + offset


def pointwise(weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Convolution of width 1: weight (D, C, 1), x (B, C, T) -> (B, D, T)."""
    return torch.bmm(weight.squeeze(2).expand(x.size(0), -1, -1), x)


def moments(
    x: torch.Tensor, valid: torch.Tensor, frames: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and reciprocal standard deviation over channels and valid frames.

    Args:
        x: (B, C, T).
        valid: (B, 1, T).
        frames: (B, 1, 1).
        eps: added to the variance.

    Returns:
        (B, 1, 1), (B, 1, 1).
    """
    count = frames * x.size(1)
    inside = x * valid
    # First over time, within a channel: quicker than over both, and closer to the true sum.
    mean = inside.sum(2, keepdim=True).sum(1, keepdim=True) / count
    power = (inside * x).sum(2, keepdim=True).sum(1, keepdim=True) / count
    return mean, torch.rsqrt((power - mean * mean).clamp(min=0) + eps)
