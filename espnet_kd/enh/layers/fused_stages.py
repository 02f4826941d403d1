"""What lies between the matrix products of a Conv-TasNet block, each stage one pass over memory.

A step of a Conv-TasNet waits for memory more than for arithmetic. Compiled, each function here
reads its large arguments once and writes its large results once. Shapes: x (C, B, T), wide features
(H, B, T), `valid` (1, B, T) with 1 where a frame is valid, `count` (1, B, 1) valid frames times H,
`slope` (1,) of a PReLU, `gain` and `shift` (H, 1, 1) of a norm, `kernel` (P, H, 1, 1). Large
tensors may be in half precision; all is computed in the precision of the weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from espnet_kd.enh.layers.residual_block import fold, moments, total

Tensors = tuple[torch.Tensor, ...]


def prelu_moments(
    wide: torch.Tensor, valid: torch.Tensor, count: torch.Tensor, slope: torch.Tensor, eps: float
) -> Tensors:
    """Mean and reciprocal deviation, each (1, B, 1), of PReLU(wide)."""
    return moments(_prelu(wide, slope), valid, count, eps)


def normalize_(
    out: torch.Tensor,
    wide: torch.Tensor,
    valid: torch.Tensor,
    mean: torch.Tensor,
    scale: torch.Tensor,
    slope: torch.Tensor,
    gain: torch.Tensor,
    shift: torch.Tensor,
) -> None:
    """Write the norm of PReLU(wide) into `out`, zeros in the padding."""
    factor = scale * gain
    out.copy_((_prelu(wide, slope) * factor + (shift - mean * factor)) * valid)


def convolve(
    shifted: Sequence[torch.Tensor],
    valid: torch.Tensor,
    count: torch.Tensor,
    kernel: torch.Tensor,
    slope: torch.Tensor,
    eps: float,
    keep: bool,
) -> tuple[torch.Tensor | None, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Depthwise convolution of P shifted features; PReLU of it; mean, reciprocal deviation of that.

    The first is for the backward pass: None unless `keep`.
    """
    z = _weighted(shifted, kernel).to(shifted[0].dtype)
    y = _prelu(z, slope)
    return z if keep else None, y.to(z.dtype), *moments(y, valid, count, eps)


def add(
    x: torch.Tensor, product: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor
) -> torch.Tensor:
    """Give x + scale * product + offset."""
    return x + product.to(x.dtype) * scale + offset


def scale_back(gradient: torch.Tensor, scale: torch.Tensor, like: torch.Tensor) -> Tensors:
    """Gradient of the product in `add`, in the precision of `like`, and of its offset."""
    return (gradient * scale).to(like.dtype), gradient.sum(2, keepdim=True)


def fold_back(
    product: torch.Tensor,
    offset: torch.Tensor,
    count: torch.Tensor,
    narrow: torch.Tensor,
    gain: torch.Tensor,
    shift: torch.Tensor,
    mean: torch.Tensor,
    scale: torch.Tensor,
) -> Tensors:
    """Gradients of what `fold` takes.

    Args:
        product: (B, C, H) gradient of the scaled product, times its features.
        offset: (C, B, 1) gradient of the offset.
        count: as the other arguments, those of the norm.

    Returns:
        Gradients of narrow, gain and shift, and a constant and a factor (1, B, 1) of PReLU(z), by
        which its gradient changes because the norm depends on it.
    """
    weight = narrow * gain.view(-1)
    # Gradients of mean * scale and of scale.
    level = -(offset * weight.sum(1).view(-1, 1, 1)).sum(0, keepdim=True)
    spread = level * mean + (product * weight).sum(2).sum(1).view_as(scale) / scale
    variance = -0.5 * spread * scale**3
    average = level * scale - 2 * mean * variance
    weights = product.sum(0) - (mean * scale * offset).sum(1)
    offsets = offset.sum(1)
    return (
        weights * gain.view(-1) + offsets * shift.view(-1),
        (weights * narrow).sum(0).view_as(gain),
        (offsets * narrow).sum(0).view_as(shift),
        average / count,
        2 * variance / count,
    )


def convolve_back_(
    out: torch.Tensor,
    gradient: torch.Tensor,
    z: torch.Tensor,
    valid: torch.Tensor,
    constant: torch.Tensor,
    factor: torch.Tensor,
    slope: torch.Tensor,
) -> torch.Tensor:
    """Write the gradient of z into `out`; give that of the slope."""
    z = z.to(slope.dtype)
    gradient = gradient + valid * (constant + factor * _prelu(z, slope))
    out.copy_(torch.where(z > 0, gradient, gradient * slope))
    return total(torch.where(z > 0, 0.0, gradient * z)).sum().view_as(slope)


def normalize_back(
    shifted: Sequence[torch.Tensor],
    wide: torch.Tensor,
    valid: torch.Tensor,
    count: torch.Tensor,
    mean: torch.Tensor,
    scale: torch.Tensor,
    slope: torch.Tensor,
    gain: torch.Tensor,
    shift: torch.Tensor,
    kernel: torch.Tensor,
) -> Tensors:
    """Gradients of gain, shift and kernel, and the means (1, B, 1) that `wide_back` needs."""
    standard = (_prelu(wide, slope) - mean) * scale
    features = (standard * gain + shift) * valid
    gradient = _weighted(shifted, kernel) * valid
    level = gradient.sum(2, keepdim=True)
    spread = (gradient * standard).sum(2, keepdim=True)
    kernels = [(part * features).sum(2, keepdim=True) for part in shifted]
    return (
        spread.sum(1, keepdim=True),
        level.sum(1, keepdim=True),
        torch.stack([part.sum(1, keepdim=True) for part in kernels]),
        (level * gain).sum(0, keepdim=True) / count,
        (spread * gain).sum(0, keepdim=True) / count,
    )


def wide_back(
    shifted: Sequence[torch.Tensor],
    wide: torch.Tensor,
    valid: torch.Tensor,
    mean: torch.Tensor,
    scale: torch.Tensor,
    slope: torch.Tensor,
    gain: torch.Tensor,
    kernel: torch.Tensor,
    level: torch.Tensor,
    spread: torch.Tensor,
) -> Tensors:
    """Gradients of the wide features and of their slope."""
    standard = (_prelu(wide, slope) - mean) * scale
    gradient = _weighted(shifted, kernel) * valid
    gradient = scale * (gradient * gain - valid * (level + standard * spread))
    return (
        torch.where(wide > 0, gradient, gradient * slope).to(wide.dtype),
        total(torch.where(wide > 0, 0.0, gradient * wide)).sum().view_as(slope),
    )


def add_back(gradient: torch.Tensor, product: torch.Tensor) -> torch.Tensor:
    """Gradient of x in `add`, with that of the first product."""
    return gradient + product.to(gradient.dtype)


def _prelu(x: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    x = x.to(slope.dtype)
    return torch.where(x > 0, x, x * slope)


def _weighted(shifted: Sequence[torch.Tensor], kernel: torch.Tensor) -> torch.Tensor:
    return sum(part.to(kernel.dtype) * tap for part, tap in zip(shifted, kernel, strict=True))


STAGES = {
    stage.__name__: stage
    for stage in (
        prelu_moments,
        normalize_,
        convolve,
        fold,
        add,
        scale_back,
        fold_back,
        convolve_back_,
        normalize_back,
        wide_back,
        add_back,
    )
}
