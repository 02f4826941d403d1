"""A Conv-TasNet block in two stages, and its gradient in two: what torch.compile gets at a time.

A step of a Conv-TasNet waits for memory more than for arithmetic outside of its matrix products.
Compiled, what lies between two products reads its large arguments once and writes its large results
once. Shapes: x (C, B, T), wide features (H, B, T), `valid` (1, B, T) with 1 where a frame is valid,
`count` (1, B, 1) valid frames times H, `slope` (1,) of a PReLU, `gain` and `shift` (H, 1, 1) of a
norm, `mean` and `scale` (1, B, 1) of what it normalizes, `kernel` (P, H, 1, 1), `shifted` P views
(H, B, T) of what a depthwise convolution sees. T is a multiple of PIECES. Large tensors may be in
half precision; all but products is computed in the precision of the weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from espnet_kd.enh.fast.global_norm import fold, moments, total
from espnet_kd.enh.fast.products import (
    correlation,
    correlations,
    plain_product,
    sum_with_product,
)

# torch.compile adds up more than 4096 numbers in steps, at half the speed.
PIECES = 4
Tensors = tuple[torch.Tensor, ...]


def first_half_(
    out: torch.Tensor,
    x: torch.Tensor,
    valid: torch.Tensor,
    count: torch.Tensor,
    wide: torch.Tensor,
    slope: torch.Tensor,
    gain: torch.Tensor,
    shift: torch.Tensor,
    eps: float,
) -> Tensors:
    """First half of a block, up to the norm, which is written into `out`, zeros in the padding.

    Returns:
        wide(x), and mean and scale of its PReLU.
    """
    hidden = plain_product(wide.to(x.dtype), x)
    y = _prelu(hidden, slope)
    mean, scale = moments(y, valid, count, eps, _total_of_pieces)
    factor = scale * gain
    out.copy_((y * factor + (shift - mean * factor)) * valid)
    return hidden, mean, scale


def second_half(
    x: torch.Tensor,
    shifted: Sequence[torch.Tensor],
    valid: torch.Tensor,
    count: torch.Tensor,
    kernel: torch.Tensor,
    slope: torch.Tensor,
    gain: torch.Tensor,
    shift: torch.Tensor,
    narrow: torch.Tensor,
    eps: float,
    keep: bool,
) -> tuple[torch.Tensor | None, ...]:
    """Second half: depthwise convolution, PReLU, norm, last convolution, sum.

    Returns:
        The block's result; the convolved features, None unless `keep`, as only the gradient needs
        them; PReLU of them, its mean and scale; the weight (C, H) that multiplied it.
    """
    z = _weighted(shifted, kernel).to(shifted[0].dtype)
    y = _prelu(z, slope)
    mean, scale = moments(y, valid, count, eps)
    y = y.to(z.dtype)
    weight, offset = fold(narrow, gain, shift, mean, scale)
    weight = weight.to(z.dtype)
    result = x + plain_product(weight, y).to(x.dtype) * scale + offset
    return result, z if keep else None, y, mean, scale, weight


def second_half_back_(
    out: torch.Tensor,
    gradient: torch.Tensor,
    valid: torch.Tensor,
    count: torch.Tensor,
    z: torch.Tensor,
    y: torch.Tensor,
    mean: torch.Tensor,
    scale: torch.Tensor,
    weight: torch.Tensor,
    slope: torch.Tensor,
    gain: torch.Tensor,
    shift: torch.Tensor,
    narrow: torch.Tensor,
) -> Tensors:
    """Gradient of `second_half`: that of the convolved features z is written into `out`.

    Returns:
        Gradients of slope, gain, shift and narrow.
    """
    d_offset = _by_piece(gradient)
    # The product's gradient is `gradient * scale`; what it leads to is scaled instead.
    d_product = gradient.to(z.dtype)
    d_weight = correlations(d_product, y).to(slope.dtype) * scale.view(-1, 1, 1)
    d_narrow, d_gain, d_shift, constant, factor = fold_back(
        d_weight, d_offset, count, narrow, gain, shift, mean, scale
    )
    d_y = plain_product(weight.T, d_product) * scale
    z = z.to(slope.dtype)
    d_y = d_y + valid * (constant + factor * _prelu(z, slope))
    out.copy_(torch.where(z > 0, d_y, d_y * slope))
    d_slope = total(torch.where(z > 0, 0.0, d_y * z)).sum().view_as(slope)
    return d_slope, d_gain, d_shift, d_narrow


def first_half_back(
    gradient: torch.Tensor,
    shifted: Sequence[torch.Tensor],
    x: torch.Tensor,
    valid: torch.Tensor,
    count: torch.Tensor,
    hidden: torch.Tensor,
    mean: torch.Tensor,
    scale: torch.Tensor,
    wide: torch.Tensor,
    slope: torch.Tensor,
    gain: torch.Tensor,
    shift: torch.Tensor,
    kernel: torch.Tensor,
) -> Tensors:
    """Gradient of `first_half_` and of the depthwise convolution behind it.

    Args:
        gradient: (C, B, T) of the block's result.
        shifted: views of the gradient of the convolved features, from where each tap moved it.

    Returns:
        Gradients of x, wide, slope, gain, shift and kernel.
    """
    y = _prelu(hidden, slope)
    # By tap, (P, H, B, 1): all sums that follow are made of these.
    parts = [part.to(slope.dtype) * valid for part in shifted]
    levels = torch.stack([_by_piece(part) for part in parts])
    spreads = torch.stack([_by_piece(part * y) for part in parts])
    spreads = (spreads - levels * mean) * scale
    d_kernel = (spreads * gain + levels * shift).sum(2, keepdim=True)
    level, spread = (levels * kernel).sum(0), (spreads * kernel).sum(0)
    d_gain, d_shift = spread.sum(1, keepdim=True), level.sum(1, keepdim=True)
    # The norm's mean and scale depend on all features. The divisions stay out of the long loop.
    share = scale / count
    constant = (level * gain * share).sum(0, keepdim=True)
    factor = (spread * gain * share).sum(0, keepdim=True) * scale
    d_y = _weighted(shifted, kernel) * (gain * scale) - (constant + (y - mean) * factor)
    d_y = d_y * valid
    d_hidden = torch.where(hidden > 0, d_y, d_y * slope).to(hidden.dtype)
    d_slope = total(torch.where(hidden > 0, 0.0, d_y * hidden)).sum().view_as(slope)
    d_wide = correlation(d_hidden, x).to(slope.dtype)
    if x.dtype == gradient.dtype:
        d_x = sum_with_product(gradient, wide.T, d_hidden)
    else:  # the compiler adds up what it has to convert
        d_x = gradient + plain_product(wide.T.to(x.dtype), d_hidden).to(gradient.dtype)
    return d_x, d_wide, d_slope, d_gain, d_shift, d_kernel


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


def _prelu(x: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    x = x.to(slope.dtype)
    return torch.where(x > 0, x, x * slope)


def _weighted(shifted: Sequence[torch.Tensor], kernel: torch.Tensor) -> torch.Tensor:
    return sum(part.to(kernel.dtype) * tap for part, tap in zip(shifted, kernel, strict=True))


def _by_piece(x: torch.Tensor) -> torch.Tensor:
    """Sum (H, B, T) over time, to (H, B, 1)."""
    return x.unflatten(2, (PIECES, -1)).sum(3).sum(2, keepdim=True)


def _total_of_pieces(x: torch.Tensor) -> torch.Tensor:
    return _by_piece(x).sum(0, keepdim=True)


STAGES = {
    stage.__name__: stage
    for stage in (first_half_, second_half, second_half_back_, first_half_back)
}
