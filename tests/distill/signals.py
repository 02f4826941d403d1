"""Signals for tests of losses."""

from __future__ import annotations

import torch

from espnet_kd.distill.base import Observation


def noise(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return Gaussian noise at the level of speech."""
    generator = torch.Generator().manual_seed(seed)
    return 0.05 * torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def seen(signal: torch.Tensor) -> Observation:
    """Return the observation of a model without tapped layers."""
    return Observation(signal, {}, rerun=lambda features: seen(signal))
