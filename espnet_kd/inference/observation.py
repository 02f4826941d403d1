"""Observation adding: part of the noisy signal is mixed back into the enhanced one."""

from __future__ import annotations

import torch

from espnet_kd.distill.gain import zero_padding


def add_observation(
    enhanced: torch.Tensor, mixture: torch.Tensor, lengths: torch.Tensor, weight: float
) -> torch.Tensor:
    """Compute weight * enhanced + (1 - weight) * mixture.

    The artifacts of an enhancement harm recognizers more than the remaining noise (Iwamoto et al.,
    "How bad are artifacts?", Interspeech 2022, arXiv:2201.06685). The paper adds the observation to
    the estimate; this convex form is the same signal up to a gain. It needs an estimate at the
    level of the mixture, and then keeps the level of the speech.

    Args:
        enhanced: (B, L), at the level of the mixture; see `match_gain`.
        mixture: (B, L).
        lengths: (B,) valid samples.
        weight: 1 for the enhanced signal alone, 0 for the mixture.

    Returns:
        (B, L), zero after `lengths`.
    """
    return zero_padding(torch.lerp(mixture, enhanced, weight), lengths)
