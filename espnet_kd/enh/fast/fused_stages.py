"""A Conv-TasNet block as two stages, and its gradient as two more, each compiled separately.

Together, results must equal `residual_block` in espnet_kd/enh/layers/residual_block.py and its
gradients. `fused_block` runs the stages for `compile: true`, on CPU and GPU, in float32 and
bfloat16. tests/enh/fast/test_fused_block.py compares them through `fused_block`.

Apart from its matrix products, a step of a Conv-TasNet is limited by memory, not by arithmetic.
When compiled, the code between two products reads its large arguments once and writes its large
results once.

Shapes: x (C, B, T), wide features (H, B, T), `valid` (1, B, T) with 1 where a frame is valid,
`count` (1, B, 1) valid frames times H, `slope` (1,) of a PReLU, `gain` and `shift` (H, 1, 1) of a
norm, `mean` and `scale` (1, B, 1) of its input, `kernel` (P, H, 1, 1), `shifted` P views (H, B, T)
of the input of a depthwise convolution. T is a multiple of PIECES. Large tensors may be in half
precision; everything except products is computed in the precision of the weights.
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

# torch.compile sums more than 4096 numbers in several steps, at half the speed.
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
    """Compute the first half of a block, up to the norm.

    The norm's output is written into `out`, with zeros in the padding.

    Returns:
        wide(x), and the mean and scale of its PReLU.
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
    """Compute the second half: depthwise convolution, PReLU, norm, last convolution, sum.

    Returns:
        The block's result; the convolved features, or None without `keep`, since only the gradient
        needs them; their PReLU, with its mean and scale; the weight (C, H) that multiplied it.
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
    """Compute the gradient of `second_half`; that of the convolved features z goes to `out`.

    Returns:
        Gradients of slope, gain, shift and narrow.
    """
    d_offset = _by_piece(gradient)
    # The product's gradient is `gradient * scale`; the results are scaled instead.
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
    """Compute the gradient of `first_half_` and of the depthwise convolution after it.

    Args:
        gradient: (C, B, T) of the block's result.
        shifted: views of the gradient of the convolved features, each moved back by its tap.

    Returns:
        Gradients of x, wide, slope, gain, shift and kernel.
    """
    y = _prelu(hidden, slope)
    # Sums per tap, (P, H, B, 1); all sums below are made of them.
    parts = [part.to(slope.dtype) * valid for part in shifted]
    levels = torch.stack([_by_piece(part) for part in parts])
    spreads = torch.stack([_by_piece(part * y) for part in parts])
    spreads = (spreads - levels * mean) * scale
    d_kernel = (spreads * gain + levels * shift).sum(2, keepdim=True)
    level, spread = (levels * kernel).sum(0), (spreads * kernel).sum(0)
    d_gain, d_shift = spread.sum(1, keepdim=True), level.sum(1, keepdim=True)
    # The norm's mean and scale depend on all features. Divide here, outside the long loop.
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
    else:  # the compiler fuses the sum with the conversion
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
    """Compute the gradients of the arguments of `fold`.

    Args:
        product: (B, C, H) gradient of the scaled product times the features, summed over time.
        offset: (C, B, 1) gradient of the offset.
        count, narrow, gain, shift, mean, scale: as in `second_half`.

    Returns:
        Gradients of narrow, gain and shift; then a constant and a factor, both (1, B, 1). Because
        mean and scale depend on y = PReLU(z), `constant + factor * y` is added to its gradient.
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
