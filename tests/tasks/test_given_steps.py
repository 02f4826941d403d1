"""Epochs of given numbers of steps."""

from __future__ import annotations

import argparse

import pytest

from espnet_kd.errors import UserError
from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.tasks.given_steps import GivenStepsIterFactory, check_steps
from espnet_kd.tasks.history import read_history

from ..tiny_models import STUDENT
from .tiny_training import command, without_text, write_tiny_set


class Pass:
    """A factory of `size` batches, which are (seed of the pass, number)."""

    def __init__(self, size: int):
        self.size = size

    def build_iter(self, epoch: int, shuffle: bool | None = None):
        return iter([(epoch, number) for number in range(self.size)])


def test_a_pass_is_cut_or_followed_by_another():
    factory = GivenStepsIterFactory(Pass(3), [2, 3, 7])
    assert list(factory.build_iter(1)) == [(1, 0), (1, 1)]
    assert list(factory.build_iter(2)) == [(2, 0), (2, 1), (2, 2)]
    third = list(factory.build_iter(3))
    assert [number for _, number in third] == [0, 1, 2, 0, 1, 2, 0]
    assert list(dict.fromkeys(seed for seed, _ in third)) == [3, 6, 9], "each pass has its order"


def test_no_batch_at_all_is_an_error_instead_of_a_hang():
    with pytest.raises(UserError, match="the training set: yields no batch"):
        list(GivenStepsIterFactory(Pass(0), [2]).build_iter(1))


def test_a_control_takes_as_many_steps_as_another_training(tmp_path):
    """The other training has more data, and stops early."""
    many = write_tiny_set(tmp_path / "many", "SSSSSSS")
    few = write_tiny_set(tmp_path / "few", "SSS")
    long, short = tmp_path / "long", tmp_path / "short"
    EnhKDTask.main(cmd=command(many, long, {**STUDENT, "max_epoch": 3}))
    config = {**STUDENT, "max_epoch": 9, "patience": 1}
    EnhKDTask.main(cmd=command(few, short, config, "--steps_like", str(long)))
    expected, found = read_history(long), read_history(short)
    assert [epoch.steps for epoch in expected.epochs] == [4, 4, 4]
    assert [epoch.steps for epoch in found.epochs] == [4, 4, 4]


def test_chunks_as_well(tmp_path):
    sets = write_tiny_set(tmp_path / "set", "SSSS")
    chunks = {"iterator_type": "chunk", "chunk_length": 1000, "valid_iterator_type": "sequence"}
    config = {**STUDENT, **chunks, "max_epoch": 2, "steps_per_epoch": [3, 20]}
    EnhKDTask.main(cmd=without_text(command(sets, tmp_path / "exp", config)))
    assert [epoch.steps for epoch in read_history(tmp_path / "exp").epochs] == [3, 20]


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ([3], "has 1 numbers, but max_epoch is 2; write one for each epoch"),
        ([3, 0], r"is \[3, 0\]; write a list of positive numbers"),
        ("5", "is 5; write a list of positive numbers"),
        ([3, True], r"is \[3, True\]; write a list of positive numbers"),
    ],
)
def test_wrong_numbers(steps, line):
    with pytest.raises(UserError, match=f"steps_per_epoch: {line}"):
        check_steps(argparse.Namespace(steps_per_epoch=steps, max_epoch=2))


def test_not_with_stages(tmp_path):
    sets = write_tiny_set(tmp_path / "set", "SS")
    stages = [{"name": "a", "max_epoch": 1, "losses": {"supervised": 1.0}}]
    cmd = command(sets, tmp_path / "exp", {**STUDENT, "kd_stages": stages})
    with pytest.raises(UserError, match="--steps_like: does not apply to a training"):
        EnhKDTask.main(cmd=[*cmd, "--steps_like", str(tmp_path)])
