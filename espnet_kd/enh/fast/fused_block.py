"""A Conv-TasNet block with a hand-written backward pass: half as many passes over memory.

Output and gradients must equal those of `residual_block` in espnet_kd/enh/layers/residual_block.py.
`compile: true` (YAML or command line) uses it for blocks with global norms, on CPU and GPU, in
float32 and bfloat16. tests/enh/fast/test_fused_block.py compares the two on the CPU: uncompiled in
float64 and under bfloat16 autocast, compiled in float32.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch.autograd.function import FunctionCtx, once_differentiable

from espnet_kd.enh.fast.fused_stages import STAGES
from espnet_kd.enh.fast.products import folded, in_low_precision

# Unused frames in front: views that start at element 0 or 1 would be compiled separately.
LEAD = 16


class FusedBlock(torch.autograd.Function):
    """Compute `residual_block` by the stages of `fused_stages`.

    The arguments are those of `residual_block`, then `run`, which holds the stages, and `keep`.
    Without `keep`, less is stored and there is no backward pass. Under autocast, products and the
    large tensors stored for the backward pass are in half precision, and everything else is in the
    precision of the weights.
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
        # The transposed convolution reaches the other way, so its margins are swapped.
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
    """Allocate a tensor with zeros around it, and return a view of it for each convolution tap.

    Args:
        like: (C, B, T), for batch size, frames, precision and device.
        channels: H.
        dilation: frames between taps.
        before: zeros in front.
        taps: number of taps of the convolution.

    Returns:
        (H, B, T), not yet filled, and for each tap the (H, B, T) that the tap sees.
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
    """Return `residual_block` with compiled stages.

    The same compiled code serves any batch size, length and dilation.
    """
    stages = {name: _on_bare(torch.compile(stage, dynamic=True)) for name, stage in STAGES.items()}
    return block_of(SimpleNamespace(**stages))


def block_of(run: SimpleNamespace) -> Callable[..., torch.Tensor]:
    """Return `residual_block` made of the given stages."""

    def block(*arguments: torch.Tensor | float) -> torch.Tensor:
        # Decided here, because gradients are off within the forward pass of a Function.
        keep = torch.is_grad_enabled() and any(
            isinstance(value, torch.Tensor) and value.requires_grad for value in arguments
        )
        return FusedBlock.apply(*arguments, run, keep)

    return block


def _on_bare(stage: Callable) -> Callable:
    """Wrap a stage to detach its tensors: it would be recompiled for views of another base."""
    return lambda *arguments: stage(*map(_bare, arguments))


def _bare(argument: object) -> object:
    if isinstance(argument, torch.Tensor):
        return argument.detach()
    return [part.detach() for part in argument] if isinstance(argument, list) else argument
