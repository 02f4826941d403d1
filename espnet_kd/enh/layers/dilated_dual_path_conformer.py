"""Dilated dual-path conformer for complex and magnitude features: Uformer's bottleneck."""

from __future__ import annotations

import torch
from torch import nn

from espnet_kd.enh.layers.axis_attention import AxisAttention
from espnet_kd.enh.layers.two_branch import (
    COMPLEX,
    MAGNITUDE,
    ChannelNorm,
    FusedPair,
    convolution,
)


class FeedForward(nn.Module):
    """x + 1/2 FF(LN(x)), computed for each frame and bin.

    Args:
        parts: P, 1 for real and 2 for complex features.
        channels: C.
        hidden: inner channels.
        dropout: dropout rate.
    """

    def __init__(self, parts: int, channels: int, hidden: int, dropout: float = 0.1):
        super().__init__()
        self.layers = nn.Sequential(
            ChannelNorm(channels),
            convolution(parts, channels, hidden),
            nn.PReLU(),
            nn.Dropout(dropout),
            convolution(parts, hidden, channels),
            nn.Dropout(dropout),
        )

    def forward(self, features: torch.Tensor, _valid: torch.Tensor) -> torch.Tensor:
        """Map (B, P C, F, T) to the same shape."""
        return features + 0.5 * self.layers(features)


class GatedDilatedConv(nn.Module):
    """x + Conv(SiLU(LN(D_d(h) sigmoid(D_g(h))))), h = PReLU(Conv(LN(x))).

    D_d and D_g are 3 x 3 convolutions, dilated in time, that use past and future frames. The
    authors' code calls them depthwise but computes full convolutions, and has the residual
    connection since its 2022-06 revision; this class follows it.

    Args:
        parts: P, 1 for real and 2 for complex features.
        channels: C.
        hidden: inner channels.
        dilation: d, frames.
        gate_dilation: g, frames.
        dropout: dropout rate.
    """

    def __init__(
        self,
        parts: int,
        channels: int,
        hidden: int,
        dilation: int,
        gate_dilation: int,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.enter = nn.Sequential(
            ChannelNorm(channels), convolution(parts, channels, hidden), nn.PReLU()
        )
        self.signal, self.gate = (
            convolution(
                parts, hidden, hidden, kernel_size=(3, 3), padding=(1, frames), dilation=(1, frames)
            )
            for frames in (dilation, gate_dilation)
        )
        self.leave = nn.Sequential(
            ChannelNorm(hidden),
            nn.SiLU(),
            convolution(parts, hidden, channels),
            nn.Dropout(dropout),
        )

    def forward(self, features: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Map (B, P C, F, T) to the same shape; `valid` is as in AxisAttention."""
        hidden = self.enter(features) * valid
        return features + self.leave(self.signal(hidden) * self.gate(hidden).sigmoid())


class DilatedDualPathConformer(nn.Module):
    """Feed-forward, attention along time and along frequency, dilated convolutions, feed-forward.

    Fu et al., "Uformer: A UNet based dilated complex & real dual-path conformer network for
    simultaneous speech enhancement and dereverberation", ICASSP 2022; sizes and order are those
    of the authors' code (2022-06 revision). The branches are fused after each of these layers.

    Args:
        channels: C.
        ff_channels: inner channels of the feed-forward layers.
        attention_dim: width of queries, keys and values.
        conv_channels: inner channels of the dilated convolutions.
        num_convs: number N of dilated convolutions; the i-th (from 0) is dilated by 2^i frames and
            its gate by 2^(N - 1 - i) frames.
        dropout: dropout rate.
        attention_bias: whether queries, keys and values have biases, as in the authors' code.
    """

    def __init__(
        self,
        channels: int = 128,
        ff_channels: int = 64,
        attention_dim: int = 16,
        conv_channels: int = 32,
        num_convs: int = 8,
        dropout: float = 0.1,
        attention_bias: bool = True,
    ):
        super().__init__()

        def pair(layer: type[nn.Module], *sizes: object, **options: object) -> FusedPair:
            return FusedPair(
                *(
                    layer(parts, channels, *sizes, dropout, **options)
                    for parts in (COMPLEX, MAGNITUDE)
                )
            )

        dilations = [2**index for index in range(num_convs)]
        self.blocks = nn.ModuleList(
            [
                pair(FeedForward, ff_channels),
                pair(AxisAttention, attention_dim, "time", bias=attention_bias),
                pair(AxisAttention, attention_dim, "frequency", bias=attention_bias),
                *(
                    pair(GatedDilatedConv, conv_channels, *both)
                    for both in zip(dilations, reversed(dilations), strict=True)
                ),
                pair(FeedForward, ff_channels),
            ]
        )
        self.complex_norm = ChannelNorm(channels)
        self.magnitude_norm = ChannelNorm(channels)

    def forward(
        self,
        complex_features: torch.Tensor,
        magnitude_features: torch.Tensor,
        valid: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Map both branches to the same shapes.

        Args:
            complex_features: (B, 2 C, F, T).
            magnitude_features: (B, C, F, T).
            valid: (B, 1, 1, T), True on frames that are not padding; padding does not affect them.
        """
        for block in self.blocks:
            complex_features, magnitude_features = block(
                complex_features, magnitude_features, valid
            )
        return self.complex_norm(complex_features), self.magnitude_norm(magnitude_features)
