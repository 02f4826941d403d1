"""Time axes of features: which frames count, and one frame rate from another."""

from __future__ import annotations

import torch
from torch.nn import functional


def frame_mask(valid: torch.Tensor, frames: int) -> torch.Tensor:
    """Which frames are no padding.

    Args:
        valid: (B,) part of the time axis that is no padding, 0 to 1.
        frames: T.

    Returns:
        (B, T) of 1.0 and 0.0; every utterance has at least one frame.
    """
    count = (valid.double() * frames - 1e-6).ceil().clamp(min=1)
    index = torch.arange(frames, device=valid.device)
    return (index < count.unsqueeze(1)).float()


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over the valid frames.

    Args:
        values: (B, T).
        mask: (B, T) of 1.0 and 0.0.

    Returns:
        (B,).
    """
    values = torch.where(mask > 0, values, torch.zeros_like(values))
    return values.sum(dim=1) / mask.sum(dim=1)


def resample_frames(feature: torch.Tensor, frames: int) -> torch.Tensor:
    """Bring features to another frame rate by linear interpolation.

    Args:
        feature: (B, C, F, T).
        frames: T'.

    Returns:
        (B, C, F, T').
    """
    if feature.size(-1) == frames:
        return feature
    batch, channels, bins, _ = feature.shape
    flat = feature.reshape(batch, channels * bins, -1)
    resampled = functional.interpolate(flat, size=frames, mode="linear", align_corners=False)
    return resampled.reshape(batch, channels, bins, frames)
