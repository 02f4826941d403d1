"""A windowed Fourier basis as the initial value of a learned filterbank."""

from __future__ import annotations

import torch


def fourier_filterbank(num_filters: int, kernel_size: int) -> torch.Tensor:
    """Return filters whose rectified outputs contain a lossless short-time Fourier transform.

    The filters are the cosines and sines of the K/2 + 1 bins (K orthonormal rows) under a
    square-root Hann window. Each appears with both signs, because the encoder rectifies and
    relu(x) - relu(-x) = x. With a stride of K/2 and the same filters in the decoder, a mask of one
    returns the input. With random initialization, Conv-TasNet must learn that first; handcrafted
    filters are known to help (Ditter and Gerkmann, "A multi-phase gammatone filterbank for speech
    separation via TasNet", ICASSP 2020; the Fourier basis is our choice).

    Args:
        num_filters: must be 2 * kernel_size.
        kernel_size: K, even.

    Returns:
        (num_filters, 1, K).

    Raises:
        ValueError: the sizes do not allow perfect reconstruction.
    """
    if num_filters != 2 * kernel_size or kernel_size % 2:
        raise ValueError(
            "Fourier initialization needs an even kernel size and twice as many filters, "
            f"not {kernel_size} and {num_filters}"
        )
    time = torch.arange(kernel_size, dtype=torch.float64)
    bins = torch.arange(kernel_size // 2 + 1, dtype=torch.float64)
    phase = 2 * torch.pi * bins[:, None] * time / kernel_size
    scale = torch.full((len(bins), 1), 2.0 / kernel_size, dtype=torch.float64)
    scale[[0, -1]] = 1.0 / kernel_size
    basis = torch.cat([phase.cos() * scale.sqrt(), (phase.sin() * scale.sqrt())[1:-1]])
    basis = basis * torch.sin(torch.pi * (time + 0.5) / kernel_size)
    return torch.cat([basis, -basis])[:, None, :].float()
