"""Layers of GTCRN (see enh/separator/gtcrn.py): convolutions over bins and past frames, GRUs.

Features are (B, C, F, T). No layer sees later frames; what it needs of earlier ones is in `past`.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from espnet_kd.enh.layers.grouped_gru import GroupedGRU
from espnet_kd.enh.layers.past import Past


def neighbors(x: torch.Tensor) -> torch.Tensor:
    """Append the lower and the upper neighbor of each bin as channels: (B, C, F, T) to 3 C.

    GTCRN's subband feature extraction. Channel c becomes 3c, 3c + 1, 3c + 2, zero at the edges.
    """
    wide = functional.pad(x, (0, 0, 1, 1))
    return torch.stack([wide[..., :-2, :], x, wide[..., 2:, :]], dim=2).flatten(1, 2)


class TemporalAttention(nn.Module):
    """GTCRN's temporal recurrent attention: a gate for each channel and frame.

    Args:
        channels: C.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.recurrent = nn.GRU(channels, 2 * channels, batch_first=True)
        self.gate = nn.Linear(2 * channels, channels)

    def forward(self, x: torch.Tensor, past: Past) -> torch.Tensor:
        """Multiply (B, C, F, T) by the gates that a GRU finds from the energies of the frames."""
        energy = x.square().mean(dim=2).transpose(1, 2)  # B, T, C
        gates = self.gate(past.run(self.recurrent, energy)).sigmoid()
        return x * gates.transpose(1, 2).unsqueeze(2)


class GroupedTemporalConvolution(nn.Module):
    """GTCRN's grouped temporal convolution block.

    Half of the channels pass through; the others see their neighboring bins, 3 bins by 3 frames of
    a dilated depthwise convolution, and the temporal attention. Both halves are interleaved, so
    that the next block works on other channels.

    Args:
        channels: C, even.
        dilation: distance of the frames.
    """

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.frames = 2 * dilation
        self.expand = nn.Sequential(
            nn.Conv2d(3 * channels // 2, channels, 1), nn.BatchNorm2d(channels), nn.PReLU()
        )
        self.depthwise = nn.Sequential(
            nn.Conv2d(
                channels, channels, 3, padding=(1, 0), dilation=(1, dilation), groups=channels
            ),
            nn.BatchNorm2d(channels),
            nn.PReLU(),
        )
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, channels // 2, 1), nn.BatchNorm2d(channels // 2)
        )
        self.attention = TemporalAttention(channels // 2)

    def forward(self, x: torch.Tensor, past: Past) -> torch.Tensor:
        """Map (B, C, F, T) to (B, C, F, T)."""
        changed, kept = x.chunk(2, dim=1)
        changed = past.extend(self.expand(neighbors(changed)), self.frames)
        changed = self.attention(self.reduce(self.depthwise(changed)), past)
        return torch.stack([changed, kept], dim=2).flatten(1, 2)


class GroupedDualPathGRU(nn.Module):
    """GTCRN's grouped dual-path recurrent network, each path with a residual sum.

    The first path runs along the bins of each frame in both directions, the second along the frames
    of each bin. Each has one GRU for each half of the channels (and direction).

    Args:
        channels: C, a multiple of 4.
        bins: F.
    """

    def __init__(self, channels: int, bins: int):
        super().__init__()
        half = channels // 2
        # Both halves forward along the bins, then both backward.
        self.along_bins = GroupedGRU(4, half, half // 2)
        self.bins_out = nn.Linear(channels, channels)
        self.bins_norm = nn.LayerNorm((bins, channels), eps=1e-8)
        self.along_frames = GroupedGRU(2, half, half)
        self.frames_out = nn.Linear(channels, channels)
        self.frames_norm = nn.LayerNorm((bins, channels), eps=1e-8)

    def forward(self, x: torch.Tensor, past: Past) -> torch.Tensor:
        """Map (B, C, F, T) to (B, C, F, T)."""
        batch, _, bins, frames = x.shape
        x = x.permute(0, 3, 2, 1)  # B, T, F, C
        flat = x.flatten(0, 1)
        found, _ = self.along_bins(torch.cat([flat, flat.flip(1)], dim=2))
        upward, downward = found.chunk(2, dim=2)
        found = self.bins_out(torch.cat([upward, downward.flip(1)], dim=2))
        x = x + self.bins_norm(found.unflatten(0, (batch, frames)))
        found = past.run(self.along_frames, x.transpose(1, 2).flatten(0, 1))
        found = self.frames_out(found).unflatten(0, (batch, bins)).transpose(1, 2)
        x = x + self.frames_norm(found)
        return x.permute(0, 3, 2, 1)
