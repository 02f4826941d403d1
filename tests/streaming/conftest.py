"""The small causal models."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ..causal_models import build_model


@pytest.fixture
def build() -> Callable[..., torch.nn.Module]:
    """Return a function that builds a model of MODELS, or another one."""
    return build_model
