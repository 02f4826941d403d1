"""Prior knowledge of the alignment of text and audio, as an attention bias or as a loss."""

from __future__ import annotations

import torch

from espnet_kd.enh.layers.masks import padding_mask


def alignment_log_prior(
    centers: torch.Tensor, frame_times: torch.Tensor, width: float, floor: float = -20.0
) -> torch.Tensor:
    """Return the log prior of attention: a Gaussian in time around the center of each character.

    Ours: Wang et al. 2022 use no alignment.

    Args:
        centers: (B, U) center of each character in milliseconds.
        frame_times: (B, T) center of each query frame in milliseconds.
        width: standard deviation in milliseconds.
        floor: smallest value, so that attention can still overrule a wrong alignment.

    Returns:
        (B, T, U), to be added to the attention logits.
    """
    distance = (frame_times[:, :, None] - centers[:, None, :]) / width
    return (-0.5 * distance.square()).clamp(min=floor)


def guided_attention_loss(
    attention: torch.Tensor,
    query_lengths: torch.Tensor,
    key_lengths: torch.Tensor,
    width: float = 0.2,
) -> torch.Tensor:
    """Penalize attention far from the diagonal (Tachibana et al. 2018, eq. (9)).

    Args:
        attention: (B, T, U) weights that sum to one over U.
        query_lengths: (B,) valid query frames.
        key_lengths: (B,) valid characters.
        width: g there.

    Returns:
        (B,) mean over valid frames of sum_u a(t, u) * (1 - exp(-(t/T - u/U)^2 / (2 g^2))).
    """
    _, frames, characters = attention.shape
    device = attention.device
    query = torch.arange(frames, device=device)[None, :] / query_lengths[:, None]
    key = torch.arange(characters, device=device)[None, :] / key_lengths[:, None]
    penalty = 1 - torch.exp(-(query[:, :, None] - key[:, None, :]).square() / (2 * width**2))
    valid = ~padding_mask(query_lengths, frames)
    per_frame = (attention * penalty).sum(2) * valid
    return per_frame.sum(1) / query_lengths
