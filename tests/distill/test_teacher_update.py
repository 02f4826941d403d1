"""A teacher that follows its student: when, by how much, and what a state dict holds."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from espnet_kd.distill.teacher_update import TeacherUpdate


class Net(nn.Module):
    """A weight, a running statistic and a counter."""

    def __init__(self, value: float, count: int, width: int = 2):
        super().__init__()
        self.layer = nn.Linear(width, 1, bias=False)
        nn.init.constant_(self.layer.weight, value)
        self.register_buffer("mean", torch.tensor(10 * value))
        self.register_buffer("count", torch.tensor(count))


class Holder(nn.Module):
    """What a loss is to its student: the update is one of its parts."""

    def __init__(self, update: TeacherUpdate):
        super().__init__()
        self.update = update


def attached(teacher, student, momentum=0.75, every=1) -> TeacherUpdate:
    update = TeacherUpdate(momentum, every)
    update.attach(teacher, student)
    return update


def values(net: Net) -> list[float]:
    return [net.layer.weight[0, 0].item(), net.mean.item(), net.count.item()]


def test_running_mean_of_all_entries():
    teacher, student = Net(1.0, 3), Net(5.0, 8)
    update = attached(teacher, student)
    update.begin_epoch(1, student)
    assert values(teacher) == [1.0, 10.0, 3]
    update.begin_epoch(2, student)
    assert values(teacher) == [2.0, 20.0, 8]
    update.begin_epoch(3, student)
    assert values(teacher) == [2.75, 27.5, 8]
    assert values(student) == [5.0, 50.0, 8]


def test_sequential_teacher_every_three_epochs():
    teacher, student = Net(1.0, 3), Net(5.0, 8)
    update = attached(teacher, student, momentum=0.0, every=3)
    seen = []
    for epoch in range(1, 8):
        nn.init.constant_(student.layer.weight, float(10 * epoch))
        update.begin_epoch(epoch, student)
        seen.append(values(teacher)[0])
    assert seen == [1.0, 1.0, 1.0, 40.0, 40.0, 40.0, 70.0]


def test_the_updated_teacher_is_saved_and_loaded_but_is_no_parameter():
    teacher, student = Net(1.0, 3), Net(5.0, 8)
    holder = Holder(attached(teacher, student))
    holder.update.begin_epoch(2, student)
    saved = {name: value.clone() for name, value in holder.state_dict().items()}
    assert set(saved) == {"update.layer.weight", "update.mean", "update.count"}
    assert not list(holder.parameters()) and not list(holder.buffers())
    fresh = Net(1.0, 3)
    again = Holder(attached(fresh, student))
    again.load_state_dict(saved)
    assert values(fresh) == values(teacher) == [2.0, 20.0, 8]
    del saved["update.mean"]
    with pytest.raises(RuntimeError, match=r'Missing key.*"update.mean"'):
        again.load_state_dict(saved)


def test_a_teacher_that_stays_is_not_saved():
    teacher, student = Net(1.0, 3, width=3), Net(5.0, 8)
    holder = Holder(attached(teacher, student, every=0))  # of another architecture
    holder.update.begin_epoch(2, student)
    assert values(teacher) == [1.0, 10.0, 3] and not holder.state_dict()
    with pytest.raises(RuntimeError, match="Unexpected key"):
        holder.load_state_dict({"update.mean": torch.zeros(())})


def test_another_architecture_cannot_follow():
    with pytest.raises(ValueError) as problem:
        attached(Net(1.0, 3, width=3), Net(5.0, 8))
    assert str(problem.value) == (
        "the teacher is to follow the student, so both need the same weights, but 'layer.weight' is"
        " (1, 3) in the teacher and (1, 2) in the student; give a teacher with the student's "
        "settings, or every: 0"
    )


@pytest.mark.parametrize(
    ("momentum", "every", "problem"),
    [(1.0, 1, "momentum is 1.0"), (0.9, -1, "every is -1"), (0.9, 1.5, "every is 1.5")],
)
def test_bad_settings(momentum, every, problem):
    with pytest.raises(ValueError, match=problem):
        TeacherUpdate(momentum, every)
