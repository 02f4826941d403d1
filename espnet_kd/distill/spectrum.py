"""Spectra of padded signals, which do not depend on the padding."""

from __future__ import annotations

import torch

from espnet_kd.distill.frames import frame_mask


def spectra(
    signal: torch.Tensor, lengths: torch.Tensor, window: torch.Tensor, hop_length: int
) -> torch.Tensor:
    """Compute the STFT of centered frames; the signal is reflected at both ends.

    For an utterance that fills its row, this is `torch.stft` with its defaults. For a shorter one,
    the first 1 + n // hop_length frames, where n is its length, are those of the utterance alone.
    Later frames repeat its samples and must not be used.

    Args:
        signal: (B, L).
        lengths: (B,) valid samples; each should exceed half a window.
        window: (N,).
        hop_length: samples between frames.

    Returns:
        (B, F, T) complex, F = 1 + N // 2, T = 1 + L // hop_length.
    """
    size = len(window)
    place = torch.arange(-(size // 2), signal.size(1) + size // 2, device=signal.device)
    last = (lengths - 1).unsqueeze(1)
    inside = (last - (last - place.abs()).abs()).clamp(min=0)  # both ends are mirrors
    return torch.stft(
        signal.gather(1, inside),
        size,
        hop_length,
        window=window.to(signal.dtype),
        center=False,
        return_complex=True,
    )


def spectrum_mask(lengths: torch.Tensor, hop_length: int, frames: int) -> torch.Tensor:
    """Return (B, T) booleans: the frames of `spectra` that count, for (B,) valid samples."""
    return frame_mask((1 + lengths // hop_length) / frames, frames) > 0
