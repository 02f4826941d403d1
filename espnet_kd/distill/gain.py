"""Bring enhanced signals to comparable levels: SI-SNR does not fix the scale of a model."""

from __future__ import annotations

import torch

# Root mean square of speech at the usual level of -26 dB relative to full scale.
SPEECH_RMS = 0.05


def zero_padding(signal: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Set samples of (B, L) after `lengths` (B,) to zero, whatever their values."""
    valid = torch.arange(signal.size(1), device=signal.device) < lengths.unsqueeze(1)
    return torch.where(valid, signal, torch.zeros_like(signal))


def match_gain(
    estimate: torch.Tensor, reference: torch.Tensor, lengths: torch.Tensor
) -> torch.Tensor:
    """Scale each estimate e by <e, r> / <e, e>, its least-squares gain to the reference r.

    This gain brings the estimate closest to the reference and corrects a wrong sign. If the
    reference is the mixture, the speech gets the level that it has in the mixture, as far as
    speech and noise are uncorrelated (our interpretation of "the same scale"). Gradients flow
    through the gain.

    Args:
        estimate: (B, L).
        reference: (B, L).
        lengths: (B,) valid samples.

    Returns:
        (B, L), zero after `lengths`; silence stays silence.
    """
    estimate = zero_padding(estimate, lengths)
    explained = (estimate * zero_padding(reference, lengths)).sum(dim=1, keepdim=True)
    power = estimate.square().sum(dim=1, keepdim=True)
    return estimate * (explained / power.clamp(min=torch.finfo(power.dtype).tiny))


def at_speech_level(signal: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Scale each signal to a root mean square of SPEECH_RMS.

    Args:
        signal: (B, L).
        lengths: (B,) valid samples.

    Returns:
        (B, L), zero after `lengths`; silence stays silence.
    """
    signal = zero_padding(signal, lengths)
    rms = (signal.square().sum(dim=1) / lengths).sqrt().unsqueeze(1)
    return signal * (SPEECH_RMS / rms.clamp(min=torch.finfo(rms.dtype).tiny))
