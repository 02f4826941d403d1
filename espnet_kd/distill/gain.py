"""Bring signals of models to comparable levels; a model trained with SI-SNR has any scale."""

from __future__ import annotations

import torch

# Root mean square of speech at the usual level of -26 dB relative to full scale.
SPEECH_RMS = 0.05


def zero_padding(signal: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Signal (B, L) with zeros behind its `lengths` (B,), whatever stood there."""
    valid = torch.arange(signal.size(1), device=signal.device) < lengths.unsqueeze(1)
    return torch.where(valid, signal, torch.zeros_like(signal))


def match_gain(
    estimate: torch.Tensor, reference: torch.Tensor, lengths: torch.Tensor
) -> torch.Tensor:
    """Scale each estimate e to what it explains of its reference r: by <e, r> / <e, e>.

    This least-squares gain brings the estimate closest to the reference, and turns a wrong sign. If
    the reference is the mixture, it gives the speech its own level, as far as speech and noise are
    uncorrelated (our reading of "the same scale"). Gradients flow through it.

    Args:
        estimate: (B, L).
        reference: (B, L).
        lengths: (B,) valid samples.

    Returns:
        (B, L), zeros behind `lengths`; zeros stay zeros.
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
        (B, L), zeros behind `lengths`; zeros stay zeros.
    """
    signal = zero_padding(signal, lengths)
    rms = (signal.square().sum(dim=1) / lengths).sqrt().unsqueeze(1)
    return signal * (SPEECH_RMS / rms.clamp(min=torch.finfo(rms.dtype).tiny))
