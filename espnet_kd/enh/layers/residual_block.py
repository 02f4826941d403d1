"""The block of a Conv-TasNet as one function of features and weights.

It is the reference for the compiled block in `espnet_kd/enh/fast`.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from espnet_kd.enh.fast.global_norm import fold, moments
from espnet_kd.enh.fast.products import product


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
    layer norms use only valid frames; the depthwise convolution sees zeros elsewhere. The second
    norm is an affine map of each utterance and channel, and the 1x1 convolution after it is linear.
    The map is therefore folded into the weight of the convolution and into its output, which has
    fewer channels.

    Args:
        x: (C, B, T).
        valid: (1, B, T), 1 where a frame is valid, else 0.
        frames: (1, B, 1) number of valid frames.
        wide: (H, C).
        slope: (1,) of the first PReLU.
        gain, shift: (H, 1, 1) of the first norm.
        kernel: (P, H, 1, 1) of the depthwise convolution, tap by tap.
        slope2, gain2, shift2: of the second PReLU and norm, with the same shapes.
        narrow: (C, H).
        dilation: of the depthwise convolution.
        before: zeros in front of the depthwise convolution's input.
        eps: added to the variances.

    Returns:
        (C, B, T).
    """
    count = frames * len(wide)
    hidden = functional.prelu(product(wide, x).to(slope.dtype), slope)
    mean, scale = moments(hidden, valid, count, eps)
    hidden = ((hidden - mean) * (scale * gain) + shift) * valid
    size, taps = hidden.size(2), len(kernel)
    hidden = functional.pad(hidden, (before, dilation * (taps - 1) - before))
    hidden = sum(
        hidden[:, :, tap * dilation : tap * dilation + size] * kernel[tap] for tap in range(taps)
    )
    hidden = functional.prelu(hidden, slope2)
    mean, scale = moments(hidden, valid, count, eps)
    weight, offset = fold(narrow, gain2, shift2, mean, scale)
    return x + product(weight, hidden).to(x.dtype) * scale + offset
