"""DFKD: values by hand, the split of a frame, invariances, padding, gradient, bad settings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from espnet_kd.distill.dfkd import DFKDLoss, cosine_distance, split_bands

from . import spectra_by_hand as by_hand
from .signals import noise, seen

LENGTHS = torch.tensor([4000, 2700])


def loss_of(loss: DFKDLoss, student, teacher, lengths=LENGTHS) -> torch.Tensor:
    return loss(seen(student), seen(teacher), None, lengths)


def expected(student: np.ndarray, teacher: np.ndarray, beta: float, min_bin: int) -> float:
    """Compute the loss of one utterance frame by frame, with 64 samples in each, every 16."""
    teacher = by_hand.at_speech_level(teacher)
    student = by_hand.scaled_to(student, teacher)
    own, taught = (by_hand.spectrum(signal, 64, 16).T for signal in (student, teacher))
    frames = []
    for s, t in zip(own, taught, strict=True):
        m = by_hand.crossover(t, min_bin)
        high = beta * by_hand.distance(t[m:], s[m:])
        high += (1 - beta) * np.mean((np.abs(t[m:]) - np.abs(s[m:])) ** 2)
        frames.append(by_hand.distance(t[: m + 1], s[: m + 1]) + high)
    return np.mean(frames)


@pytest.mark.parametrize(("beta", "min_bin"), [(0.5, 0), (0.2, 5)])
def test_values_by_hand(beta, min_bin):
    student, teacher = noise(1, 1000, dtype=torch.float64), 30 * noise(1, 1000, seed=1).double()
    loss = DFKDLoss(beta=beta, n_fft=64, hop_length=16, min_bin=min_bin)
    loss.window = torch.hann_window(64, dtype=torch.double)
    found = loss_of(loss, student, teacher, torch.tensor([1000]))
    value = expected(student[0].numpy(), teacher[0].numpy(), beta, min_bin)
    assert found.item() == pytest.approx(value, rel=1e-9)


def test_golden_distance():
    """A quarter turn of the phase is 90 degrees, half a turn is 180."""
    one = torch.tensor([[3.0, 4.0j]])
    for turn, value in ((1.0, 0.0), (1.0j, 1.0), (-1.0, 2.0)):
        torch.testing.assert_close(cosine_distance(one, 7 * turn * one), torch.tensor([value]))


def test_a_frame_is_split_at_the_greatest_relative_rise():
    """From 2 to 8 is a larger factor than from 8 to 9; the fall to 1 is no rise."""
    magnitude = torch.tensor([2.0, 2.0, 8.0, 1.0, 9.0]).view(1, 5, 1)
    low, high = (band[0, :, 0].int().tolist() for band in split_bands(magnitude))
    assert (low, high) == ([1, 1, 0, 0, 0], [0, 1, 1, 1, 1])
    low, high = (band[0, :, 0].int().tolist() for band in split_bands(magnitude, min_bin=2))
    assert (low, high) == ([1, 1, 1, 1, 0], [0, 0, 0, 1, 1])


def test_zero_for_the_teacher_at_any_scale():
    teacher = noise(2, 4000)
    for gain in (1.0, -1.0, 50.0):
        found = loss_of(DFKDLoss(), gain * teacher, teacher)
        torch.testing.assert_close(found, torch.zeros(2), atol=1e-4, rtol=0)
    assert (loss_of(DFKDLoss(), noise(2, 4000, seed=1), teacher) > 0.5).all()


def test_scale_of_the_teacher_does_not_matter():
    student, teacher = noise(2, 4000), noise(2, 4000, seed=1)
    value = loss_of(DFKDLoss(), student, teacher)
    torch.testing.assert_close(loss_of(DFKDLoss(), student, -40 * teacher), value)


def test_loss_does_not_depend_on_the_batch():
    student, teacher = noise(2, 4000), noise(2, 4000, seed=1)
    in_batch = loss_of(DFKDLoss(), student, teacher)[1]
    alone = loss_of(DFKDLoss(), student[1:, :2700], teacher[1:, :2700], LENGTHS[1:])[0]
    torch.testing.assert_close(in_batch, alone)


def test_padding_does_not_count():
    student, teacher = noise(2, 4000), noise(2, 4000, seed=1)
    value = loss_of(DFKDLoss(), student, teacher)
    for garbage in (1e3, torch.nan):
        student[1, 2700:], teacher[1, 2700:] = garbage, -garbage
        torch.testing.assert_close(loss_of(DFKDLoss(), student, teacher), value)
    student.requires_grad_()
    loss_of(DFKDLoss(), student, teacher).sum().backward()
    assert not student.grad[1, 2700:].any() and student.grad.isfinite().all()


def test_frames_in_which_the_teacher_is_silent_are_left_out():
    student, teacher = noise(1, 4000), noise(1, 4000, seed=1)
    teacher[:, 2000:] = 0
    found = loss_of(DFKDLoss(beta=1.0), student, teacher, LENGTHS[:1])
    assert 1.0 < found.item() < 3.0  # the mean over the first half; nothing else dilutes it
    still = loss_of(DFKDLoss(), student, torch.zeros(1, 4000), LENGTHS[:1])
    torch.testing.assert_close(still, torch.zeros(1))


def test_gradient():
    loss = DFKDLoss(n_fft=16, hop_length=8)
    student = noise(2, 40, dtype=torch.float64).requires_grad_()
    teacher = noise(2, 40, seed=1, dtype=torch.float64)
    lengths = torch.tensor([40, 29])
    assert torch.autograd.gradcheck(lambda s: loss_of(loss, s, teacher, lengths), (student,))


def test_silence_has_a_finite_gradient():
    for teacher in (noise(2, 4000), torch.zeros(2, 4000)):
        student = torch.zeros(2, 4000, requires_grad=True)
        loss_of(DFKDLoss(), student, teacher).sum().backward()
        assert student.grad.isfinite().all()


@pytest.mark.parametrize(
    ("conf", "problem"),
    [
        ({"beta": 1.5}, "beta is 1.5, not in 0 to 1"),
        ({"hop_length": 0}, "n_fft is 512 and hop_length 0; both must be above 0"),
        ({"min_bin": 256}, "min_bin is 256, not in 0 to 255"),
    ],
)
def test_bad_settings(conf, problem):
    with pytest.raises(ValueError, match=problem):
        DFKDLoss(**conf)
