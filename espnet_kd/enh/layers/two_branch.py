"""Layers of a network with a complex and a magnitude branch.

Features are (B, P C, F, T): P = 2 in the complex branch, where the real halves of all channels
come before the imaginary ones (as in ESPnet's complex layers), and P = 1 in the magnitude branch.
"""

from __future__ import annotations

import torch
from espnet2.enh.layers.complexnn import ComplexConv2d, ComplexConvTranspose2d
from torch import nn

COMPLEX, MAGNITUDE = 2, 1  # P
EPS = torch.finfo(torch.float32).eps  # added to powers, to give the modulus of silence a gradient


def modulus(features: torch.Tensor) -> torch.Tensor:
    """Return the modulus of complex features, smooth at zero: (B, 2 C, F, T) to (B, C, F, T)."""
    real, imag = features.chunk(2, dim=1)
    return (real.square() + imag.square() + EPS).sqrt()


def fuse(
    complex_features: torch.Tensor, magnitude_features: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Fuse the branches: X + sigmoid(M) in both halves of X, and M + sigmoid(|X|).

    Args:
        complex_features: X, (B, 2 C, F, T).
        magnitude_features: M, (B, C, F, T).

    Returns:
        The new X and M.
    """
    gate = magnitude_features.sigmoid()
    return (
        complex_features + torch.cat([gate, gate], dim=1),
        magnitude_features + modulus(complex_features).sigmoid(),
    )


class FusedPair(nn.Module):
    """A layer for each branch, followed by the fusion of the branches.

    The outputs can be tapped as plain tensors at `complex_out` and `magnitude_out`.

    Args:
        complex_layer: layer of the complex branch.
        magnitude_layer: layer of the magnitude branch, with the same number of channels.
    """

    def __init__(self, complex_layer: nn.Module, magnitude_layer: nn.Module):
        super().__init__()
        self.complex_layer = complex_layer
        self.magnitude_layer = magnitude_layer
        self.complex_out = nn.Identity()
        self.magnitude_out = nn.Identity()

    def forward(
        self,
        complex_features: torch.Tensor,
        magnitude_features: torch.Tensor,
        *context: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute and fuse both branches.

        Args:
            complex_features: (B, 2 C, F, T).
            magnitude_features: (B, C, F, T).
            context: further arguments of both layers.

        Returns:
            (B, 2 C', F', T) and (B, C', F', T).
        """
        complex_features, magnitude_features = fuse(
            self.complex_layer(complex_features, *context),
            self.magnitude_layer(magnitude_features, *context),
        )
        return self.complex_out(complex_features), self.magnitude_out(magnitude_features)


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the C channels of a frame and bin, separate for each half, shared weights."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Normalize (B, P C, F, T)."""
        halves = features.unflatten(1, (-1, *self.normalized_shape))
        return super().forward(halves.movedim(2, -1)).movedim(-1, 2).flatten(1, 2)


class JointBatchNorm(nn.BatchNorm2d):
    """Batch norm of C complex channels: the halves share their statistics and weights."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Normalize (B, 2 C, F, T)."""
        halves = features.unflatten(1, (2, self.num_features))
        return super().forward(halves.flatten(0, 1)).view_as(halves).flatten(1, 2)


class Causal(nn.Module):
    """Trim a convolution's output to the number of input frames, so that it is causal.

    Args:
        convolution: returns T' >= T frames; its output frame t depends on no input frame after t.
    """

    def __init__(self, convolution: nn.Module):
        super().__init__()
        self.convolution = convolution

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (B, P C, F, T) to (B, P C', F', T)."""
        return self.convolution(features)[..., : features.size(-1)]


def convolution(
    parts: int,
    in_channels: int,
    out_channels: int,
    kernel_size: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    **options,
) -> nn.Module:
    """Build a complex or a real 2-D convolution, padded at both ends.

    Args:
        parts: P, COMPLEX or MAGNITUDE.
        in_channels: C.
        out_channels: C'.
        kernel_size: bins and frames.
        padding: bins and frames.
        options: stride and dilation, also as bins and frames.
    """
    if parts == MAGNITUDE:
        return nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding, **options)
    return ComplexConv2d(
        2 * in_channels, 2 * out_channels, kernel_size, padding=padding, causal=False, **options
    )


def transposed_convolution(parts: int, in_channels: int, out_channels: int, **options) -> nn.Module:
    """Build a complex or a real transposed 2-D convolution; arguments as in `convolution`."""
    if parts == MAGNITUDE:
        return nn.ConvTranspose2d(in_channels, out_channels, **options)
    return ComplexConvTranspose2d(2 * in_channels, 2 * out_channels, **options)
