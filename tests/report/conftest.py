"""Fixtures that write score files for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from espnet_kd.scoring.se_metrics import METRICS
from espnet_kd.scoring.se_scores import write_scores

from ..se_files import DT_SIMU, make_se_set

__all__ = ["make_se_set", "write_system"]


@pytest.fixture
def write_system(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes scores of a system around a mean level.

    Easy and hard utterances are the same for all systems.
    """

    def write(system: str, level: float, set_name: str = DT_SIMU, scatter: float = 0.5) -> Path:
        shared = np.random.default_rng(0).normal(0, 3, 40)
        own = np.random.default_rng(len(system)).normal(0, scatter, (40, len(METRICS)))
        write_scores(
            tmp_path / "se" / system / set_name,
            {
                f"u{number:02d}": dict(
                    zip(METRICS, level + shared[number] + own[number], strict=True)
                )
                for number in range(40)
            },
        )
        return tmp_path / "se"

    return write
