"""The block of a Conv-TasNet with a backward pass of its own: half as many passes over memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch.autograd.function import FunctionCtx, once_differentiable

from espnet_kd.enh.fast.fused_stages import STAGES
from espnet_kd.enh.fast.products import folded, in_low_precision

# Views that begin at the first or second element would be compiled separately.
LEAD = 16


class FusedBlock(torch.autograd.Function):
    """`residual_block`: its arguments, `run`, which gives the stages, and `keep`; its result.

    Without `keep` no gradient can follow, and less is written.

    It runs the stages of `fused_stages`. Under autocast products are computed, and what is kept for
    the backward pass is stored, in half precision; all else in that of the weights. The gradient is
    derived by hand and compared with that of `residual_block` by a test.
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
        keep: bool,
    ) -> torch.Tensor:
        low = in_low_precision(x)
        count = frames * len(wide)
        taps = len(kernel)
        center, shifted = with_margins(low, len(wide), dilation, before, taps)
        norm = (slope, gain, shift)
        hidden, mean, scale = run.first_half_(center, low, valid, count, wide, *norm, eps)
        norm2 = (slope2, gain2, shift2)
        result, *kept = run.second_half(x, shifted, valid, count, kernel, *norm2, narrow, eps, keep)
        weights = (wide, *norm, kernel, *norm2, narrow)
        ctx.save_for_backward(low, valid, count, hidden, mean, scale, *kept, *weights)
        ctx.settings = dilation, dilation * (taps - 1) - before, run
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        low, valid, count, hidden, mean, scale, *kept = ctx.saved_tensors
        *kept, wide, slope, gain, shift, kernel, slope2, gain2, shift2, narrow = kept
        dilation, after, run = ctx.settings
        gradient = folded(gradient)
        # The transposed convolution looks the other way.
        center, shifted = with_margins(low, len(wide), dilation, after, len(kernel))
        *of_norm2, d_narrow = run.second_half_back_(
            center, gradient, valid, count, *kept, slope2, gain2, shift2, narrow
        )
        d_x, *of_weights = run.first_half_back(
            gradient,
            shifted[::-1],
            *(low, valid, count, hidden, mean, scale, wide, slope, gain, shift, kernel),
        )
        return d_x, None, None, *of_weights, *of_norm2, d_narrow, None, None, None, None, None


def with_margins(
    like: torch.Tensor, channels: int, dilation: int, before: int, taps: int
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Room for a tensor between zeros, and views of it as each tap of a convolution sees it.

    Args:
        like: (C, B, T), for batch, frames, precision and device.
        channels: H.
        dilation: frames between taps.
        before: zeros in front.
        taps: of the convolution.

    Returns:
        (H, B, T) not filled yet, and for each tap (H, B, T).
    """
    _, batch, size = like.shape
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
    stages = {name: _on_bare(torch.compile(stage, dynamic=True)) for name, stage in STAGES.items()}
    return block_of(SimpleNamespace(**stages))


def block_of(run: SimpleNamespace) -> Callable[..., torch.Tensor]:
    """`residual_block` made of such stages."""

    def block(*arguments: torch.Tensor | float) -> torch.Tensor:
        # A function's forward pass runs without gradients, and is not told of those of weights.
        keep = torch.is_grad_enabled() and any(
            isinstance(value, torch.Tensor) and value.requires_grad for value in arguments
        )
        return FusedBlock.apply(*arguments, run, keep)

    return block


def _on_bare(stage: Callable) -> Callable:
    """Call a stage with tensors that are no views: for views of other bases it is compiled anew."""
    return lambda *arguments: stage(*map(_bare, arguments))


def _bare(argument: object) -> object:
    if isinstance(argument, torch.Tensor):
        return argument.detach()
    return [part.detach() for part in argument] if isinstance(argument, list) else argument
