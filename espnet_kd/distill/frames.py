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
    # The slack is above the rounding of single precision: a third of 3000 frames is 1000.
    count = ((valid.double() - 1e-7) * frames).ceil().clamp(min=1)
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


def resample_frames(
    feature: torch.Tensor, frames: int, valid: torch.Tensor | None = None
) -> torch.Tensor:
    """Bring features to another frame rate by linear interpolation.

    Args:
        feature: (B, C, F, T).
        frames: T'.
        valid: (B,) part of the time axis that is no padding; if given, padding does not reach the
            last valid frames: it is replaced by the last valid frame first.

    Returns:
        (B, C, F, T').
    """
    if feature.size(-1) == frames:
        return feature
    if valid is not None:
        feature = _hold_last_frame(feature, valid)
    batch, channels, bins, _ = feature.shape
    flat = feature.reshape(batch, channels * bins, -1)
    resampled = functional.interpolate(flat, size=frames, mode="linear", align_corners=False)
    return resampled.reshape(batch, channels, bins, frames)


def _hold_last_frame(feature: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    frames = feature.size(-1)
    last = frame_mask(valid, frames).sum(dim=1, keepdim=True).long() - 1
    index = torch.arange(frames, device=feature.device).minimum(last)
    return feature.gather(-1, index[:, None, None].expand_as(feature))
