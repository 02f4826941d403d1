"""The block of a Conv-TasNet with a backward pass of its own: half as many passes over memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch.autograd.function import FunctionCtx, once_differentiable

from espnet_kd.enh.layers.fused_stages import STAGES
from espnet_kd.enh.layers.products import (
    correlation,
    correlations,
    folded,
    in_low_precision,
    plain_product,
)

# Views that begin at the first or second element would be compiled separately.
LEAD = 16


class FusedBlock(torch.autograd.Function):
    """`residual_block`: its arguments and `run`, which gives the stages; its result.

    Between matrix products run the stages of `fused_stages`. Under autocast products are computed,
    and what is kept for the backward pass is stored, in half precision; all else in that of the
    weights. The gradient is derived by hand and compared with that of `residual_block` by a test.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx,
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
        run: SimpleNamespace,
    ) -> torch.Tensor:
        low = in_low_precision(x)
        count = frames * len(wide)
        hidden = plain_product(wide.to(low.dtype), low)
        mean, scale = run.prelu_moments(hidden, valid, count, slope, eps)
        centre, shifted = with_margins(hidden, dilation, before, len(kernel))
        run.normalize_(centre, hidden, valid, mean, scale, slope, gain, shift)
        keep = any(ctx.needs_input_grad)
        z, y, mean2, scale2 = run.convolve(shifted, valid, count, kernel, slope2, eps, keep)
        weight, offset = run.fold(narrow, gain2, shift2, mean2, scale2)
        weight = weight.to(low.dtype)
        norms = (mean, scale, mean2, scale2)
        weights = (wide, slope, gain, shift, kernel, slope2, gain2, shift2, narrow)
        ctx.save_for_backward(low, valid, count, hidden, z, y, weight, *norms, *weights)
        ctx.settings = dilation, before, run
        return run.add(x, plain_product(weight, y), scale2, offset)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        low, valid, count, hidden, z, y, weight, *saved = ctx.saved_tensors
        mean, scale, mean2, scale2, *weights = saved
        wide, slope, gain, shift, kernel, slope2, gain2, shift2, narrow = weights
        dilation, before, run = ctx.settings

        d_product, d_offset = run.scale_back(folded(gradient), scale2, hidden)
        d_weight = correlations(d_product, y).to(slope.dtype)
        d_narrow, d_gain2, d_shift2, constant, factor = run.fold_back(
            d_weight, d_offset, count, narrow, gain2, shift2, mean2, scale2
        )
        # The transposed convolution looks the other way.
        centre, shifted = with_margins(
            hidden, dilation, dilation * (len(kernel) - 1) - before, len(kernel)
        )
        d_y = plain_product(weight.T, d_product)
        d_slope2 = run.convolve_back_(centre, d_y, z, valid, constant, factor, slope2)
        shifted = shifted[::-1]
        norm = (mean, scale, slope, gain)
        d_gain, d_shift, d_kernel, level, spread = run.normalize_back(
            shifted, hidden, valid, count, *norm, shift, kernel
        )
        d_hidden, d_slope = run.wide_back(shifted, hidden, valid, *norm, kernel, level, spread)
        d_wide = correlation(d_hidden, low).to(slope.dtype)
        d_x = run.add_back(gradient, plain_product(wide.T.to(low.dtype), d_hidden))
        of_weights = (d_wide, d_slope, d_gain, d_shift, d_kernel, d_slope2, d_gain2, d_shift2)
        return d_x, None, None, *of_weights, d_narrow, None, None, None, None


def with_margins(
    like: torch.Tensor, dilation: int, before: int, taps: int
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Room for a tensor between zeros, and views of it as each tap of a convolution sees it.

    Args:
        like: (H, B, T), for shape, precision and device.
        dilation: frames between taps.
        before: zeros in front.
        taps: of the convolution.

    Returns:
        (H, B, T) not filled yet, and for each tap (H, B, T).
    """
    channels, batch, size = like.shape
    room = like.new_empty(channels, batch, LEAD + size + dilation * (taps - 1))
    room[:, :, : LEAD + before] = 0
    room[:, :, LEAD + before + size :] = 0
    starts = [LEAD + tap * dilation for tap in range(taps)]
    return (
        room[:, :, LEAD + before : LEAD + before + size],
        [room[:, :, start : start + size] for start in starts],
    )


@functools.cache
def compiled_block() -> Callable[..., torch.Tensor]:
    """`residual_block` with compiled stages; the same code serves any batch, length, dilation."""
    run = SimpleNamespace(
        **{name: torch.compile(stage, dynamic=True) for name, stage in STAGES.items()}
    )
    return lambda *arguments: FusedBlock.apply(*arguments, run)
