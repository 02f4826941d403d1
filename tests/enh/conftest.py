"""Prepare ESPnet before any test module imports it; fixtures for small models."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from espnet_kd import host

host.prepare()

TCN = {"layer": 2, "stack": 1, "bottleneck_dim": 8, "hidden_dim": 16}
TEXT = {"dim": 8, "num_blocks": 1, "num_heads": 2, "ffn_dim": 16, "dropout": 0.0}
FUSION = {"num_blocks": 1, "num_heads": 2}
VOCABULARY = 7


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def make_teacher() -> Callable[..., torch.nn.Module]:
    """Return a function that builds a small text-informed separator of any width."""
    from espnet_kd.enh.separator.text_informed_tcn import TextInformedTCNSeparator

    def make(width: int = 16, fusion: dict | None = None, **options) -> torch.nn.Module:
        return TextInformedTCNSeparator(
            width,
            VOCABULARY,
            text_conf=TEXT,
            fusion_conf={**FUSION, **(fusion or {})},
            **TCN,
            **options,
        )

    return make


@pytest.fixture
def make_baseline() -> Callable[..., torch.nn.Module]:
    """Return a function that builds ESPnet's separator with the same audio part."""
    from espnet2.enh.separator.tcn_separator import TCNSeparator

    def make(width: int = 16) -> torch.nn.Module:
        return TCNSeparator(width, num_spk=1, **TCN)

    return make
