"""The memory of a training does not grow with its length."""

from __future__ import annotations

import pytest
import torch

from benchmarks import memory, speed_growth
from benchmarks.memory import growth_megabytes
from benchmarks.speed_growth import measure_growth
from benchmarks.synthetic_batch import synthetic_batch
from benchmarks.training_step import TrainingStep
from espnet_kd.tasks.enh_kd import EnhKDTask

from ..tiny_models import STUDENT, TOKENS

MOST = 4.0  # megabytes


@pytest.fixture
def step():
    args = EnhKDTask.get_parser().parse_args(["--optim", "adam"])
    vars(args).update(STUDENT, best_model_criterion=[("valid", "loss", "min")])
    step = TrainingStep(args, "cpu")
    step.take(synthetic_batch(1, 0.25, "SIMU", len(TOKENS), paired=False))
    return step


def test_no_growth_over_200_steps(step):
    assert growth_megabytes(step, 20, 220) < MOST


def test_a_training_that_keeps_its_graphs_grows(step):
    kept = []
    assert growth_megabytes(lambda: kept.append(step.model(**step.batch)), 20, 220) > 10 * MOST


def test_freed_memory_is_not_growth():
    assert growth_megabytes(lambda: torch.ones(10_000_000), 2, 4) < MOST


def test_growth_is_none_where_the_system_reports_none(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "PROCESS", tmp_path / "nothing")
    assert growth_megabytes(lambda: None, 1, 2) is None


def test_row(monkeypatch):
    monkeypatch.setattr(speed_growth, "SECONDS", (0.25, 0.3))
    (row,) = measure_growth(2, 6)
    assert row.work == "memory gained by a training on 2 lengths, step 2 to 6"
    assert row.ours.endswith(" MB") and row.met is not None
