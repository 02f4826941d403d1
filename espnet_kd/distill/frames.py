"""Time axes of features: find the frames that count, and change the frame rate."""

from __future__ import annotations

import torch
from torch.nn import functional


def frame_mask(valid: torch.Tensor, frames: int) -> torch.Tensor:
    """Return a mask of the frames that are not padding.

    Args:
        valid: (B,) fraction of the time axis that is not padding, 0 to 1.
        frames: number of frames T.

    Returns:
        (B, T) of 1.0 and 0.0; every utterance has at least one valid frame.
    """
    # The slack exceeds rounding errors of single precision: a third of 3000 frames must be 1000.
    count = ((valid.double() - 1e-7) * frames).ceil().clamp(min=1)
    index = torch.arange(frames, device=valid.device)
    return (index < count.unsqueeze(1)).float()


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Average over the valid frames.

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
    """Change the frame rate of features by linear interpolation.

    Args:
        feature: (B, C, F, T).
        frames: new number of frames T'.
        valid: (B,) fraction of the time axis that is not padding. If given, the last valid frame
            replaces the padding first, so that padding does not leak into valid frames.

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
