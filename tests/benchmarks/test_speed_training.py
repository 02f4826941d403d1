"""Training steps of ours and of stock: the same model, on a quarter of a second of audio."""

from __future__ import annotations

import pytest
import torch
from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.enh.layers.tcn import ChannelwiseLayerNorm, TemporalBlock

from benchmarks import roofline, speed_training
from benchmarks.random_models import TOKENS
from benchmarks.speed_training import (
    in_parts,
    make_steps,
    measure_training,
    naive_step,
    stock_step,
    training_args,
)
from benchmarks.synthetic_batch import synthetic_batch
from benchmarks.workload import SIZES
from espnet_kd.enh.kd_model import ESPnetKDModel

CONF = SIZES["mini"].conf
STUDENT = ("mini/se/conv_tasnet.yaml", stock_step)
TEACHER = ("mini/se/text_informed_tcn_aligned.yaml", naive_step)


@pytest.mark.parametrize("model", [STUDENT, TEACHER])
def test_both_sides_start_from_the_same_loss(model):
    file, make_stock = model
    steps = make_steps(training_args(str(CONF.parent / file), "cpu"), "cpu", make_stock)
    batch = synthetic_batch(2, 0.25, "SIMU", len(TOKENS), paired=False, shortest=1.0)
    losses = {}
    for name, step in steps.items():
        step.take(batch)
        torch.manual_seed(0)  # the same dropout
        losses[name] = float(step())
    assert losses["float32"] == pytest.approx(losses["stock"], abs=1e-3)
    assert losses["bfloat16"] == pytest.approx(losses["stock"], abs=0.5)
    assert losses["bfloat16"] != losses["float32"]


def test_stock_is_stock():
    steps = make_steps(training_args(str(CONF / "se/conv_tasnet.yaml"), "cpu"), "cpu", stock_step)
    assert type(steps["stock"].model) is ESPnetEnhancementModel
    assert type(steps["float32"].model) is ESPnetKDModel


def test_naive_teacher_has_espnets_blocks():
    steps = make_steps(training_args(str(CONF.parent / TEACHER[0]), "cpu"), "cpu", naive_step)
    blocks = [m for m in steps["stock"].model.modules() if isinstance(m, TemporalBlock)]
    assert blocks and {type(block) for block in blocks} == {TemporalBlock}
    network = steps["stock"].model.separator.tcn.network
    assert type(network[0]) is ChannelwiseLayerNorm
    assert type(network[1]) is type(network[-1]) is torch.nn.Conv1d
    blocks = [m for m in steps["float32"].model.modules() if isinstance(m, TemporalBlock)]
    assert TemporalBlock not in {type(block) for block in blocks}


def test_rows(monkeypatch):
    monkeypatch.setitem(speed_training.MODELS, "Conv-TasNet", STUDENT)
    monkeypatch.setattr(speed_training, "SECONDS", 0.25)
    monkeypatch.setitem(roofline.MATRIX, "cpu", 64)
    monkeypatch.setattr(roofline, "COPIED", 2**20)
    rows, limits = measure_training("Conv-TasNet", "cpu", 2)
    assert [row.work for row in rows] == [
        "training step, Conv-TasNet, 1 x 0.25 s, CPU, float32",
        "training step, Conv-TasNet, 1 x 0.25 s, CPU, bfloat16",
        "memory of the step, float32",
        "memory of the step, bfloat16",
    ]
    assert [row.target for row in rows[:2]] == ["1.8x, 75% of the peak", "3x"]
    assert all(row.met is not None and row.share.endswith("%") for row in rows[:2])
    assert [limit.half for limit in limits] == [False, True]
    for limit in limits:
        assert 0 < limit.demand.product_bytes < limit.demand.all_bytes
        assert 0 < limit.shares[0] < 1


def test_rows_say_which_side_split_the_batch():
    args = training_args(str(CONF / "se/conv_tasnet.yaml"), "cpu")
    steps = make_steps(args, "cpu", stock_step)
    assert in_parts(steps, "float32") == ""
    steps["stock"].parts, steps["float32"].parts = 4, 2
    assert in_parts(steps, "float32") == " (stock in 4 parts, ours in 2 parts)"
    assert in_parts(steps, "bfloat16") == " (stock in 4 parts)"
