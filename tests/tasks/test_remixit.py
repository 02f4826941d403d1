"""RemixIT through the training command: the teacher follows, also after resuming; what it needs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from espnet_kd.bin.enh_kd_train import main
from espnet_kd.distill.remixit import RemixITLoss
from espnet_kd.tasks.trained import load_model

from ..kd_files import teacher_options
from ..tiny_models import STUDENT
from .tiny_training import command, without_text, write_tiny_set

TAP = {"path": "encoder", "side": "input", "layout": "bt"}
TEACHER = "distiller.losses.remix.update."
DECODER = "decoder.convtrans1d.weight"
WIDE = {**STUDENT, "separator_conf": {**STUDENT["separator_conf"], "bottleneck_dim": 12}}
TINY = {**STUDENT, "optim": "adam", "optim_conf": {"lr": 0.01}, "keep_nbest_models": 4}


def losses(**conf: Any) -> dict[str, Any]:
    entry = {"type": "remixit", "categories": ["REAL"], "taps": [TAP], "conf": conf}
    return {"remix": entry}


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Path:
    """A set of simulated speech, and of real speech without references."""
    return write_tiny_set(tmp_path_factory.mktemp("both"), "SSRRRR")


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> dict[str, str]:
    """Options that name a teacher of the student's architecture."""
    return teacher_options(tmp_path_factory.mktemp("teacher"), STUDENT)


@pytest.fixture
def train(both, own, tmp_path):
    """Return a function that trains without text and returns the output directory."""

    def run(name: str, epochs: int, set_dir: Path = both, **changes: Any) -> Path:
        config = {**TINY, **own, "max_epoch": epochs, **changes}
        main(without_text(command(set_dir, tmp_path / name, config)))
        return tmp_path / name

    return run


def weights(output: Path, epoch: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return the weights of student and teacher after an epoch."""
    state = torch.load(output / f"{epoch}epoch.pth")
    teacher = {
        name.removeprefix(TEACHER): value for name, value in state.items() if TEACHER in name
    }
    return {name: value for name, value in state.items() if TEACHER not in name}, teacher


def assert_equal(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("momentum", [0.75, 0.0])
def test_the_teacher_follows_every_epoch(train, own, momentum, caplog):
    """With momentum 0, it is the student of the epoch before (the sequential teacher)."""
    caplog.set_level(logging.INFO)
    output = train("exp", 3, kd_losses=losses(momentum=momentum, every=1))
    expected = torch.load(own["teacher_checkpoint"])
    for epoch in (1, 2, 3):
        student, teacher = weights(output, epoch)
        torch.testing.assert_close(teacher, expected)
        assert not torch.equal(student[DECODER], teacher[DECODER])
        expected = {
            name: momentum * value + (1 - momentum) * student[name]
            for name, value in expected.items()
        }
    follows = [text for text in caplog.messages if "the teacher has followed" in text]
    assert [text[:6] for text in follows] == ["2epoch", "3epoch"]


def test_the_sequential_teacher_waits_its_epochs(train, own):
    output = train("exp", 4, kd_losses=losses(momentum=0.0, every=2))
    first = torch.load(own["teacher_checkpoint"])
    assert_equal(weights(output, 1)[1], first)
    assert_equal(weights(output, 2)[1], first)
    for epoch in (3, 4):
        assert_equal(weights(output, epoch)[1], weights(output, 2)[0])


def test_what_is_taught_changes(train, monkeypatch):
    """From the second epoch on, the teacher's signal is that of the student before the epoch."""
    taught, forward = {}, RemixITLoss.forward

    def record(self, student, teacher, reference, lengths):
        if not self.training:  # validation, in which no weights change
            taught.setdefault(len(taught), (student.signal.detach(), teacher.signal))
        return forward(self, student, teacher, reference, lengths)

    monkeypatch.setattr(RemixITLoss, "forward", record)
    train("exp", 2, kd_losses=losses(momentum=0.0, every=1))
    (after, first), (_, second) = taught[1], taught[3]  # after a batch of the probe: two an epoch
    gain = (after * second).sum(1, keepdim=True) / after.square().sum(1, keepdim=True)
    torch.testing.assert_close(gain * after, second, rtol=1e-3, atol=1e-5)
    assert (first - second).abs().max() > 1e-3


def test_a_resumed_training_continues_with_the_updated_teacher(train):
    conf = losses(momentum=0.5, every=1)
    whole = train("whole", 3, kd_losses=conf)
    train("parts", 2, kd_losses=conf)
    parts = train("parts", 3, kd_losses=conf)
    assert_equal(torch.load(parts / "3epoch.pth"), torch.load(whole / "3epoch.pth"))


def test_the_next_stage_continues_with_the_updated_teacher(train):
    stages = [{"name": name, "max_epoch": 2, "losses": {"remix": 1.0}} for name in ("a", "b")]
    output = train("exp", 2, kd_losses=losses(momentum=0.0, every=1), kd_stages=stages)
    average = torch.load(output / "stage1_a" / "valid.loss.ave.pth")
    expected = {
        name.removeprefix(TEACHER): value for name, value in average.items() if TEACHER in name
    }
    assert expected
    assert_equal(weights(output / "stage2_b", 1)[1], expected)


def test_the_published_student_has_no_teacher(train):
    output = train("exp", 2, kd_losses=losses(momentum=0.5, every=1))
    model, _ = load_model(output / "config.yaml", output / "valid.loss.ave.pth")
    assert not [name for name in model.state_dict() if "distiller" in name]


def test_a_teacher_that_stays_may_have_any_architecture(train, tmp_path):
    other = teacher_options(tmp_path / "wide", WIDE)
    output = train("exp", 1, kd_losses=losses(), **other)
    assert weights(output, 1)[1] == {}


def problem(run, *arguments: Any, **changes: Any) -> str:
    with pytest.raises(SystemExit) as stop:
        run(*arguments, **changes)
    return str(stop.value.code).removeprefix("error: ")


@pytest.mark.brings(
    "training",
    "RemixIT whose teacher is to follow a student of another architecture",
    "one line names the first weight that differs",
)
def test_another_architecture_cannot_follow(train, tmp_path):
    other = teacher_options(tmp_path / "wide", WIDE)
    line = problem(train, "exp", 1, kd_losses=losses(every=1), **other)
    assert line.startswith("kd_losses: 'remix': the teacher is to follow the student, so both need")
    assert "give a teacher with the student's settings, or every: 0" in line
    assert not (tmp_path / "exp").exists()


@pytest.mark.brings("training", "RemixIT without any real speech", "one line before the training")
def test_without_real_speech(train, tmp_path):
    simulated = write_tiny_set(tmp_path / "set", "SSS")
    line = problem(train, "exp", 1, set_dir=simulated, kd_losses=losses())
    assert line == (
        "kd_losses, 'remix': applies to no utterance of the training list (wrong category, or no "
        "reference); correct its categories or the list"
    )


@pytest.mark.brings(
    "training",
    "one utterance a batch for a loss that compares utterances",
    "one line names the loss and the least batch size",
)
@pytest.mark.parametrize("kind", ["remixit", "clskd"])
def test_one_utterance_a_batch(train, tmp_path, kind):
    entry = {"type": kind, "taps": [TAP if kind == "remixit" else "separator.tcn.network.1"]}
    line = problem(train, "exp", 1, batch_size=1, kd_losses={"pair": entry})
    assert line.startswith("kd_losses, 'pair': compares utterances, but 6 of 6 batches leave")
    assert line.endswith("; set --batch_size to at least 2, raise --fold_length, or use fewer GPUs")
    assert not (tmp_path / "exp").exists()


def test_a_tap_elsewhere(train):
    entry = {"type": "remixit", "taps": ["separator.tcn.network.1"]}
    line = problem(train, "exp", 1, kd_losses={"remix": entry})
    assert line.startswith("kd_losses: 'remix': needs one tap, at the waveform; for ESPnet's model")
