"""Scale-invariant signal-to-noise ratio of padded batches."""

from __future__ import annotations

import torch

EPS = 1e-8


def si_snr(reference: torch.Tensor, estimate: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Compute the SI-SNR of zero-mean signals (Luo and Mesgarani 2019, eq. 22), as ESPnet does.

    Args:
        reference: (B, L).
        estimate: (B, L).
        lengths: (B,) valid samples.

    Returns:
        (B,) in dB.
    """
    mask = torch.arange(reference.size(1), device=lengths.device) < lengths.unsqueeze(1)
    reference, estimate = (_zero_mean(signal, mask, lengths) for signal in (reference, estimate))
    power = reference.square().sum(dim=1, keepdim=True)
    gain = (reference * estimate).sum(dim=1, keepdim=True) / (power + EPS)
    target = gain * reference
    noise = estimate - target
    ratio = target.square().sum(dim=1) / (noise.square().sum(dim=1) + EPS)
    return 10 * torch.log10(ratio + EPS)


def _zero_mean(signal: torch.Tensor, mask: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    signal = signal * mask
    mean = signal.sum(dim=1, keepdim=True) / lengths.unsqueeze(1)
    return (signal - mean) * mask
