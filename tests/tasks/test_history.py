"""The history of a training: steps, best value, convergence."""

from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.tasks.history import CHECKPOINT, Epoch, History, convergence, read_history

from ..tiny_models import STUDENT
from .tiny_training import command, write_tiny_set


def history(*values: float, higher_is_better: bool = False) -> History:
    return History("loss", higher_is_better, tuple(Epoch(7, value) for value in values))


def test_a_training_is_read_from_what_espnet_leaves(tmp_path, capsys):
    sets = write_tiny_set(tmp_path / "set", "SSSSS")
    output = tmp_path / "exp"
    EnhKDTask.main(cmd=command(sets, output, STUDENT, "--max_epoch", "2"))
    found = read_history(output)
    assert [epoch.steps for epoch in found.epochs] == [3, 3], "5 utterances, 2 in a batch"
    assert found.measure == "loss" and not found.higher_is_better
    log = capsys.readouterr().out
    assert f"convergence: {output}: 2 epochs, 6 steps, " in log
    EnhKDTask.main(cmd=command(sets, output, STUDENT, "--max_epoch", "3"))
    resumed = read_history(output)
    assert resumed.epochs[:2] == found.epochs and resumed.steps == 9


def test_the_values_are_those_of_validation(tmp_path):
    sets = write_tiny_set(tmp_path / "set", "SS")
    EnhKDTask.main(cmd=command(sets, tmp_path / "exp", STUDENT, "--max_epoch", "1"))
    import torch

    state = torch.load(tmp_path / "exp" / CHECKPOINT, weights_only=False)
    stats = state["reporter"]["stats"][1]
    assert read_history(tmp_path / "exp").epochs[0].value == stats["valid"]["loss"]
    assert stats["valid"]["loss"] != stats["train"]["loss"]


@pytest.mark.parametrize(
    ("values", "better", "last", "gain", "converged"),
    [
        ([-5, -9, -10, -11, -12], False, 1, 1.0, False),
        ([-5, -12, -12.01, -12.04, -12.03], False, 1, 0.0, True),
        ([-5, -12, -12, -12, -12.06], False, 1, 0.06, True),
        ([-5, -12, -12, -12, -12.07], False, 1, 0.07, False),
        ([-5, -12, -11, -11, -11], False, 1, 0.0, True),
        ([0.5, 0.8, 0.9, 0.9, 0.91], True, 1, 0.01, False),
        ([0.5, 0.9, 0.9, 0.9, 0.8], True, 1, 0.0, True),
        ([-12.0], False, 1, 12.0, False),
        ([-1, -2, -3, -4, -5, -6, -7, -8, -8, -8.02], False, 2, 0.02, True),
    ],
)
def test_convergence(values, better, last, gain, converged):
    found = history(*values, higher_is_better=better)
    assert found.last == last
    assert found.last_gain == pytest.approx(gain)
    assert found.converged is converged


def test_a_diverged_epoch_does_not_count():
    assert history(-5, float("nan"), -12, -12, -12).best == -12


def test_in_words():
    assert convergence(history(-5, -9, -10, -11, -12)) == (
        "5 epochs, 35 steps, stopped while still improving: the last 1 improved loss by 1 to -12"
    )
    assert ", converged: " in convergence(history(-5, -12, -12, -12, -12))


def test_no_training(tmp_path):
    with pytest.raises(UserError, match="config.yaml: does not exist; train the model first"):
        read_history(tmp_path)
    (tmp_path / "config.yaml").write_text("best_model_criterion: [[valid, loss, min]]\n")
    with pytest.raises(UserError, match="checkpoint.pth: does not exist"):
        read_history(tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"cut")
    with pytest.raises(
        UserError, match=r"checkpoint.pth: is cut, empty, damaged or not a checkpoint of"
    ):
        read_history(tmp_path)
