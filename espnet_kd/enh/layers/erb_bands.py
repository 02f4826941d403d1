"""Bands on the ERB scale: fewer bins at high frequencies, where the ear resolves less."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from espnet_kd.errors import UserError


class ERBBands(nn.Module):
    """Merge the high bins of a spectrum into bands, and spread bands over the bins again.

    The low bins are kept. Above them, bands are triangles whose peaks are equally spaced on the ERB
    scale, rounded to bins (Glasberg and Moore 1990: 21.4 log10(1 + 0.00437 f / Hz)). A band is the
    weighted sum of its bins; a bin is the weighted mean of at most two bands. The matrix is
    computed and not a part of checkpoints.

    Args:
        bins: F, from 0 to half the sampling rate.
        low_bins: number of bins that are kept.
        bands: number of bands above them.
        sample_rate: in Hz.

    Raises:
        UserError: there are not enough high bins for as many bands.
    """

    def __init__(self, bins: int, low_bins: int, bands: int, sample_rate: int):
        super().__init__()
        peaks = _peaks(bins, low_bins, bands, sample_rate)
        if low_bins < 1 or bands < 2 or (np.diff(peaks) < 1).any():
            raise UserError(
                "separator_conf, bands",
                f"{bins} bins with low_bins {low_bins} cannot have {bands} ERB bands above",
                "give fewer bands, or more low_bins",
            )
        self.low_bins = low_bins
        high = np.arange(low_bins, bins)
        triangles = np.stack([np.interp(high, peaks, peak) for peak in np.eye(bands)])
        self.register_buffer("triangles", torch.tensor(triangles).float(), persistent=False)

    @property
    def count(self) -> int:
        """Number of kept bins and bands."""
        return self.low_bins + len(self.triangles)

    def merge(self, x: torch.Tensor) -> torch.Tensor:
        """Map bins (..., F, T) to bands (..., count, T)."""
        low, high = x[..., : self.low_bins, :], x[..., self.low_bins :, :]
        return torch.cat([low, self.triangles @ high], dim=-2)

    def spread(self, x: torch.Tensor) -> torch.Tensor:
        """Map bands (..., count, T) to bins (..., F, T)."""
        low, high = x[..., : self.low_bins, :], x[..., self.low_bins :, :]
        return torch.cat([low, self.triangles.T @ high], dim=-2)


def _peaks(bins: int, low_bins: int, bands: int, sample_rate: int) -> np.ndarray:
    """Return the bins at which the bands peak, from the first high bin to the last bin."""
    width = sample_rate / 2 / (bins - 1)  # Hz per bin
    ends = 21.4 * np.log10(1 + 0.00437 * width * np.array([low_bins, bins - 1]))
    hertz = (10 ** (np.linspace(*ends, bands) / 21.4) - 1) / 0.00437
    return np.rint(hertz / width)
