"""Gradients of the loss terms: by category, at weight 1, equal to those of a training step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from espnet2.train.distributed_utils import DistributedOption

from espnet_kd.bin.loss_gradients import main
from espnet_kd.data.categories import CATEGORIES
from espnet_kd.tasks.base_config import parse_with_base
from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.tasks.loss_gradients import load_student, measure_pulls

from ..tiny_models import STUDENT
from .tiny_training import command, without_text, write_tiny_set

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


def test_chunks_have_no_lengths(cmd):
    pulls = pulls_of([*without_text(cmd), "--iterator_type", "chunk", "--chunk_length", "800"])
    assert pulls["whole", "SIMU"].gradient > 0


def test_gradient_equals_that_of_a_training_step(cmd, tmp_path):
    torch.manual_seed(0)
    args = parse_with_base(EnhKDTask.get_parser, cmd)
    args.distributed = False
    model = EnhKDTask.build_model(args).train()
    torch.save(model.state_dict(), tmp_path / "model.pth")
    pulls = pulls_of(cmd, tmp_path / "model.pth")
    batches = EnhKDTask.build_iter_factory(args, DistributedOption(), "train").build_iter(1)
    (real,) = (data for _, data in batches if data["utt2category"][0, 0] == REAL)
    loss, stats, _ = model(**real)
    loss.backward()
    norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters()])
    assert norm == pytest.approx((1 + 2 + 0.5) * pulls["whole", "REAL"].gradient, rel=1e-4)
    assert stats["whole"] == pytest.approx(pulls["whole", "REAL"].value, rel=1e-4)


def test_the_command_prints_a_row_per_term_and_category(cmd, student_files, capsys):
    main([*cmd, "--student", str(student_files[1]), "--batches", "2"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[2:]].count("| whole") == 2
    assert len(rows) == 2 + 6


COSINE = {"latent": {"type": "cosine", "taps": ["separator.tcn.network.1"]}}


def with_settings(cmd, **changes):
    """Change settings in the YAML of a command."""
    config = Path(cmd[1])
    settings = {**yaml.safe_load(config.read_text()), **changes}
    config.write_text(yaml.safe_dump(settings))
    return cmd


def test_a_student_loads_with_or_without_weights_of_losses(cmd, student_files, tmp_path):
    args = parse_with_base(EnhKDTask.get_parser, with_settings(cmd, kd_losses=COSINE))
    whole = EnhKDTask.build_model(args).state_dict()
    for value in whole.values():
        value.fill_(0.5)
    torch.save(whole, tmp_path / "whole.pth")
    model = EnhKDTask.build_model(args)
    load_student(model, tmp_path / "whole.pth")
    assert all(torch.equal(value, whole[key]) for key, value in model.state_dict().items())
    alone = torch.load(student_files[1])
    load_student(model, student_files[1])  # the weights of the losses stay
    assert whole.keys() > alone.keys()
    for key, value in model.state_dict().items():
        assert torch.equal(value, {**whole, **alone}[key])


def test_weights_of_another_student_are_rejected(cmd, student_files, tmp_path):
    state = torch.load(student_files[1])
    del state["encoder.conv1d.weight"]
    torch.save({**state, "distiller.losses.other.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(SystemExit, match=r"other\.pth: has no 'encoder\.conv1d\.weight'"):
        main([*cmd, "--student", str(tmp_path / "other.pth")])


def test_with_stages_the_first_is_measured(cmd, capsys):
    stages = [
        {"name": "distill", "max_epoch": 1, "losses": {"real": 7.0}},
        {"name": "supervised", "max_epoch": 1, "losses": {"supervised": 1.0}},
    ]
    main(with_settings(cmd, kd_stages=stages))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Weights of the first stage, 'distill':"
    rows = {cells[0]: cells for cells in (line[2:].split(" | ") for line in lines if "|" in line)}
    assert rows["real"][4] == "7" and rows["si_snr_loss"][4] == "0"
    assert "whole" not in rows
