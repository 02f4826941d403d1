"""Small convolutional networks as student and teacher."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

STRIDE = 4


class TinyNet(nn.Module):
    """Encoder, bottleneck, block and mask as in Conv-TasNet, (B, L) to (B, L)."""

    def __init__(self, width: int, channels: int, stride: int = STRIDE):
        super().__init__()
        self.encoder = nn.Conv1d(1, width, stride, stride, bias=False)
        self.bottleneck = nn.Conv1d(width, channels, 1)
        self.block = nn.Sequential(nn.PReLU(), nn.Conv1d(channels, channels, 3, padding=1))
        self.mask = nn.Conv1d(channels, width, 1)
        self.decoder = nn.ConvTranspose1d(width, 1, stride, stride, bias=False)

    def forward(self, mixture: torch.Tensor) -> torch.Tensor:
        """Enhance (B, L), where L is a multiple of the stride."""
        code = self.encoder(mixture.unsqueeze(1))
        hidden = self.bottleneck(code)
        mask = self.mask(hidden + self.block(hidden)).sigmoid()
        return self.decoder(mask * code).squeeze(1)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def make_net() -> Callable[..., nn.Module]:
    """Function that builds a network of any width."""
    return TinyNet


@pytest.fixture
def student() -> nn.Module:
    """Network with a code of 6 channels and a bottleneck of 3."""
    return TinyNet(6, 3)


@pytest.fixture
def teacher() -> nn.Module:
    """Wider network with twice the frame rate."""
    return TinyNet(10, 5, stride=STRIDE // 2)


@pytest.fixture
def mixture() -> torch.Tensor:
    """Two mixtures of 40 samples."""
    return torch.randn(2, 40)
