"""Frame loss: values by hand, invariances, padding, gradient, bad settings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from espnet_kd.distill.frame import KINDS, POWER_FLOOR, FrameLoss

from .signals import noise, seen

LENGTHS = torch.tensor([4000, 2700])


def loss_of(loss: FrameLoss, student, teacher, lengths=LENGTHS) -> torch.Tensor:
    return loss(seen(student), seen(teacher), None, lengths)


def spectrum_by_hand(signal: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    """Compute the power (F, T) of centered frames with a Hann window, frame by frame."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    padded = np.pad(signal, n_fft // 2)
    frames = [
        np.fft.rfft(window * padded[start : start + n_fft])
        for start in range(0, len(signal) + 1, hop)
    ]
    return np.abs(np.array(frames).T) ** 2


def scaled_by_hand(student: np.ndarray, teacher: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    teacher = teacher * 0.05 / np.sqrt(np.mean(teacher**2))
    return student * (student @ teacher) / (student @ student), teacher


def test_magnitudes_by_hand():
    student, teacher = noise(1, 1000), 30 * noise(1, 1000, seed=1)
    powers = [
        spectrum_by_hand(signal, 64, 16) + POWER_FLOOR
        for signal in scaled_by_hand(student[0].double().numpy(), teacher[0].double().numpy())
    ]
    expected = np.mean((powers[0] ** 0.25 - powers[1] ** 0.25) ** 2)
    loss = FrameLoss(n_fft=64, hop_length=16, compression=0.5)
    result = loss_of(loss, student, teacher, torch.tensor([1000]))
    assert result.item() == pytest.approx(expected, rel=1e-4)


def test_log_mel_energies_by_hand():
    student, teacher = noise(1, 1000), noise(1, 1000, seed=1)
    # Triangles that are equally spaced on the mel scale 2595 log10(1 + f / 700).
    mel = 2595 * np.log10(1 + 4000 / 700)
    edges = 700 * (10 ** (np.linspace(0, mel, 6) / 2595) - 1)
    bins = np.linspace(0, 4000, 33)
    banks = [
        np.clip(np.minimum((bins - low) / (mid - low), (high - bins) / (high - mid)), 0, None)
        for low, mid, high in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    logs = [
        np.log(np.array(banks) @ spectrum_by_hand(signal, 64, 16) + POWER_FLOOR)
        for signal in scaled_by_hand(student[0].double().numpy(), teacher[0].double().numpy())
    ]
    loss = FrameLoss("log_mel", n_fft=64, hop_length=16, num_mels=4, sample_rate=8000)
    result = loss_of(loss, student, teacher, torch.tensor([1000]))
    assert result.item() == pytest.approx(np.mean((logs[0] - logs[1]) ** 2), rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
class TestBothKinds:
    def test_zero_for_the_teacher_at_any_scale(self, kind):
        teacher = noise(2, 4000)
        for gain in (1.0, -1.0, 1e-3, 50.0):
            result = loss_of(FrameLoss(kind), gain * teacher, teacher)
            torch.testing.assert_close(result, torch.zeros(2), atol=1e-9, rtol=0)
        assert (loss_of(FrameLoss(kind), noise(2, 4000, seed=1), teacher) > 1e-3).all()

    def test_scale_of_the_teacher_does_not_matter(self, kind):
        student, teacher = noise(2, 4000), noise(2, 4000, seed=1)
        expected = loss_of(FrameLoss(kind), student, teacher)
        torch.testing.assert_close(loss_of(FrameLoss(kind), student, -40 * teacher), expected)

    def test_loss_does_not_depend_on_the_batch(self, kind):
        student, teacher = noise(2, 4000), noise(2, 4000, seed=1)
        in_batch = loss_of(FrameLoss(kind), student, teacher)[1]
        alone = loss_of(FrameLoss(kind), student[1:, :2700], teacher[1:, :2700], LENGTHS[1:])[0]
        torch.testing.assert_close(in_batch, alone)

    def test_padding_does_not_count(self, kind):
        student, teacher = noise(2, 4000), noise(2, 4000, seed=1)
        expected = loss_of(FrameLoss(kind), student, teacher)
        for garbage in (1e3, torch.nan):
            student[1, 2700:], teacher[1, 2700:] = garbage, -garbage
            torch.testing.assert_close(loss_of(FrameLoss(kind), student, teacher), expected)
        student.requires_grad_()
        loss_of(FrameLoss(kind), student, teacher).sum().backward()
        assert not student.grad[1, 2700:].any() and student.grad.isfinite().all()

    def test_gradient(self, kind):
        loss = FrameLoss(kind, n_fft=16, hop_length=8, num_mels=3)
        student = noise(2, 40, dtype=torch.float64).requires_grad_()
        teacher = noise(2, 40, seed=1, dtype=torch.float64)
        lengths = torch.tensor([40, 29])
        function = lambda signal: loss_of(loss, signal, teacher, lengths)  # noqa: E731
        assert torch.autograd.gradcheck(function, (student,))

    def test_silence_has_a_finite_gradient(self, kind):
        for teacher in (noise(2, 4000), torch.zeros(2, 4000)):
            student = torch.zeros(2, 4000, requires_grad=True)
            loss_of(FrameLoss(kind), student, teacher).sum().backward()
            assert student.grad.isfinite().all()


def test_nothing_is_trained_or_saved():
    loss = FrameLoss("log_mel")
    assert not list(loss.parameters()) and not loss.state_dict()


@pytest.mark.parametrize("conf", [{"kind": "mel"}, {"hop_length": 0}, {"compression": -0.3}])
def test_bad_settings(conf):
    with pytest.raises(ValueError, match="use magnitude or log_mel|above 0"):
        FrameLoss(**conf)
