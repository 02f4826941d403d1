"""Posterior loss: values by hand, minimum, padding, gradient, errors before training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from espnet_kd.distill.posterior import PosteriorLoss

from .fake_recognizer import FakeRecognizer
from .signals import noise, seen

LENGTHS = torch.tensor([12, 8])
WEIGHT = torch.tensor([[30.0, -10.0, 5.0], [-20.0, 15.0, 40.0]])


def loss_of(student, teacher, lengths=LENGTHS, temperature=1.0) -> torch.Tensor:
    loss = PosteriorLoss(FakeRecognizer(WEIGHT), temperature)
    return loss(seen(student), seen(teacher), None, lengths)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_divergence_by_hand(temperature):
    student, teacher = noise(1, 12), noise(1, 12, seed=1)
    s, t = student[0].double().numpy(), teacher[0].double().numpy()
    total = 0.0
    for frame in range(6):
        at = slice(2 * frame, 2 * frame + 2)
        p, q = (
            np.exp(x[at] @ WEIGHT.double().numpy() / temperature)
            for x in (t, s * (s @ t) / (s @ s))
        )
        p, q = p / p.sum(), q / q.sum()
        total += temperature**2 * (p * np.log(p / q)).sum() / 6
    result = loss_of(student, teacher, torch.tensor([12]), temperature)
    assert result.item() == pytest.approx(total, rel=1e-4)


def test_zero_for_the_teacher_at_any_scale():
    teacher = noise(2, 12)
    for gain in (1.0, -1.0, 100.0):
        torch.testing.assert_close(loss_of(gain * teacher, teacher), torch.zeros(2))
    assert (loss_of(noise(2, 12, seed=1), teacher) > 1e-2).all()


def test_padding_does_not_count():
    student, teacher = noise(2, 12), noise(2, 12, seed=1)
    expected = loss_of(student, teacher)
    alone = loss_of(student[1:, :8], teacher[1:, :8], LENGTHS[1:])
    torch.testing.assert_close(expected[1:], alone)
    for garbage in (1e3, torch.nan):
        student[1, 8:], teacher[1, 8:] = garbage, -garbage
        torch.testing.assert_close(loss_of(student, teacher), expected)


def test_gradient():
    student = noise(2, 12, dtype=torch.float64).requires_grad_()
    teacher = noise(2, 12, seed=1, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda signal: loss_of(signal, teacher), (student,))


def test_the_recognizer_is_neither_trained_nor_saved():
    recognizer = FakeRecognizer(WEIGHT)
    loss = PosteriorLoss(recognizer)
    student = noise(2, 12).requires_grad_()
    loss(seen(student), seen(noise(2, 12, seed=1)), None, LENGTHS).sum().backward()
    assert student.grad.any() and recognizer.weight.grad is None
    assert not loss.state_dict() and not list(loss.parameters())


def test_errors_before_training():
    class WithoutCTC(FakeRecognizer):
        def ctc_log_probs(self, latents):
            raise ValueError("no CTC")

    probe = seen(noise(1, 12))
    PosteriorLoss(FakeRecognizer()).prepare(probe, probe)
    with pytest.raises(ValueError, match="no CTC"):
        PosteriorLoss(WithoutCTC()).prepare(probe, probe)
    with pytest.raises(ValueError, match="temperature is 0"):
        PosteriorLoss(FakeRecognizer(), temperature=0)
