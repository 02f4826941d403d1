"""Output loss: a value by hand, its minimum, independence of the reference."""

import pytest
import torch

from espnet_kd.distill.output import OutputLoss

from .signals import noise, seen


def test_golden():
    """The student has noise with a quarter of the energy of its target: -6.02 dB."""
    teacher = torch.tensor([[1.0, -1.0, 0.0, 0.0, 9.0]])
    student = torch.tensor([[2.0, -2.0, 1.0, -1.0, -9.0]])
    loss = OutputLoss()(seen(student), seen(teacher), None, torch.tensor([4]))
    assert loss.shape == (1,)
    assert loss.item() == pytest.approx(-6.0206, abs=1e-3)


def test_minimum_is_the_teacher_at_any_scale():
    teacher, lengths = noise(2, 400), torch.tensor([400, 300])
    near = OutputLoss()(seen(teacher + noise(2, 400, seed=1)), seen(teacher), None, lengths)
    best = OutputLoss()(seen(-3 * teacher), seen(teacher), None, lengths)
    assert (best < near - 30).all()


def test_the_reference_does_not_matter():
    student, teacher, lengths = noise(2, 40), noise(2, 40, seed=1), torch.tensor([40, 30])
    without = OutputLoss()(seen(student), seen(teacher), None, lengths)
    given = OutputLoss()(seen(student), seen(teacher), noise(2, 40, seed=2), lengths)
    assert torch.equal(without, given)
    assert OutputLoss.needs_teacher and not OutputLoss.needs_reference
