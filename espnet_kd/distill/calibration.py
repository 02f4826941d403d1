"""Keep a recognizer's gradient from working against the signal: gradient calibration."""

from __future__ import annotations

from collections.abc import Sequence

import torch

Weighted = Sequence[tuple[float, torch.Tensor]]  # weight, loss (B,)


def calibration(signal: torch.Tensor, kept: Weighted, calibrated: Weighted) -> torch.Tensor:
    """Return by how much to raise the weight of the kept losses.

    With g_a the gradient of the kept losses and g_m that of the calibrated ones, it is
    max(0, -<g_m, g_a> / |g_a|^2). If the two gradients oppose each other, the sum
    g_m + alpha g_a has no part against g_a (Lee et al., "D4AM: A general denoising framework for
    downstream acoustic models", ICLR 2023, arXiv:2311.16595, gradient calibration). There, the
    gradients are those of all weights, for the whole batch, and need a second backward pass through
    the model; that they are those of the enhanced signal, for each utterance, is our
    interpretation. The second coefficient of the paper, which it learns, is the weight of the
    supervised loss here.

    Args:
        signal: (B, L) enhanced waveforms that the losses depend on.
        kept: losses that must not be worked against; none: nothing to raise.
        calibrated: losses of which the opposing part is removed.

    Returns:
        (B,), at least 0, without gradient.
    """
    if not kept or not calibrated:
        return signal.new_zeros(len(signal))
    own, others = (_gradient(signal, losses) for losses in (kept, calibrated))
    power = own.square().sum(1)
    against = -(own * others).sum(1) / power.clamp(min=torch.finfo(power.dtype).tiny)
    return against.clamp(min=0)


def _gradient(signal: torch.Tensor, losses: Weighted) -> torch.Tensor:
    total = sum(weight * loss.sum() for weight, loss in losses)
    # A loss of features does not depend on the signal, which comes after them.
    (gradient,) = torch.autograd.grad(total, signal, retain_graph=True, allow_unused=True)
    return torch.zeros_like(signal) if gradient is None else gradient.float()
