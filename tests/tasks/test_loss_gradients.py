"""How strongly each term pulls: by category, at weight 1, and as steep as the loss itself says."""

from __future__ import annotations

import pytest
import torch
from espnet2.train.distributed_utils import DistributedOption

from espnet_kd.bin.loss_gradients import main
from espnet_kd.data.categories import CATEGORIES
from espnet_kd.tasks.base_config import parse_with_base
from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.tasks.loss_gradients import measure_pulls

from ..tiny_models import STUDENT
from .tiny_training import command, write_tiny_set

REAL = CATEGORIES.index("REAL")
LOSSES = {
    "whole": {"type": "output", "weight": 1.0},
    "twice": {"type": "output", "weight": 2.0},
    "real": {"type": "output", "weight": 0.5, "categories": ["REAL"]},
}


@pytest.fixture
def cmd(tmp_path, student_files):
    config, checkpoint = student_files
    teacher = {"teacher_config": str(config), "teacher_checkpoint": str(checkpoint)}
    student = {**STUDENT, "filterbank_init": "random", "kd_losses": LOSSES, **teacher}
    return command(write_tiny_set(tmp_path / "set"), tmp_path / "exp" / "student", student)


def pulls_of(cmd, student=None):
    torch.manual_seed(0)
    args = parse_with_base(EnhKDTask.get_parser, cmd)
    args.distributed = False
    return {(p.name, p.category): p for p in measure_pulls(args, student, 2)}


def test_terms_of_each_category_at_weight_one(cmd):
    pulls = pulls_of(cmd)
    assert set(pulls) == {
        ("si_snr_loss", "SIMU"),
        *((name, kind) for name in ("whole", "twice") for kind in ("SIMU", "REAL")),
        ("real", "REAL"),
    }
    assert pulls["twice", "REAL"].weight == 2.0
    for name in ("twice", "real"):
        assert pulls[name, "REAL"].gradient == pytest.approx(pulls["whole", "REAL"].gradient)
    assert pulls["whole", "REAL"].gradient > 0


def test_it_is_the_gradient_that_a_training_step_has(cmd):
    torch.manual_seed(0)
    args = parse_with_base(EnhKDTask.get_parser, cmd)
    args.distributed = False
    model = EnhKDTask.build_model(args).train()
    pulls = pulls_of(cmd, model.state_dict())
    batches = EnhKDTask.build_iter_factory(args, DistributedOption(), "train").build_iter(1)
    (real,) = (data for _, data in batches if data["utt2category"][0, 0] == REAL)
    loss, stats, _ = model(**real)
    loss.backward()
    norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters()])
    assert norm == pytest.approx((1 + 2 + 0.5) * pulls["whole", "REAL"].gradient, rel=1e-4)
    assert stats["whole"] == pytest.approx(pulls["whole", "REAL"].value, rel=1e-4)


def test_the_command_prints_a_row_for_each(cmd, student_files, capsys):
    main([*cmd, "--student", str(student_files[1]), "--batches", "2"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[2:]].count("| whole") == 2
    assert len(rows) == 2 + 6
