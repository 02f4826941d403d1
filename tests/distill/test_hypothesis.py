"""Hypothesis loss: values by hand, what it does not ask for, padding, gradient, errors."""

from __future__ import annotations

import itertools

import pytest
import torch

from espnet_kd.distill.hypothesis import HypothesisLoss, collapse

from .fake_recognizer import FakeRecognizer
from .signals import noise, seen

LENGTHS = torch.tensor([12, 8])
# Token 0 is the blank.
WEIGHT = torch.tensor([[30.0, -10.0, 5.0], [-20.0, 15.0, 40.0]])


def loss_of(student, teacher, lengths=LENGTHS) -> torch.Tensor:
    return HypothesisLoss(FakeRecognizer(WEIGHT))(seen(student), seen(teacher), None, lengths)


def collapsed(path) -> tuple[int, ...]:
    """Remove repetitions and blanks from a path of tokens."""
    return tuple(token for token, _ in itertools.groupby(path) if token)


def log_posteriors(signal, length):
    latents = signal[:length].double().view(1, -1, 2)
    return FakeRecognizer(WEIGHT).ctc_log_probs(latents)[0]


def by_hand(student, teacher, length) -> float:
    """Sum the probabilities of all paths that collapse to the teacher's best path."""
    student, teacher = student[:length].double(), teacher[:length].double()
    best = collapsed(log_posteriors(teacher, length).argmax(dim=1).tolist())
    levelled = student * (student @ teacher) / (student @ student)
    frames = log_posteriors(levelled, length)
    total = 0.0
    for path in itertools.product(range(3), repeat=len(frames)):
        if collapsed(path) == best:
            total += sum(frames[t, token] for t, token in enumerate(path)).exp()
    return -torch.log(total).item() / max(1, len(best))


def test_the_sum_over_all_alignments():
    student, teacher = noise(2, 12), noise(2, 12, seed=1)
    expected = [by_hand(student[i], teacher[i], length) for i, length in enumerate(LENGTHS)]
    torch.testing.assert_close(
        loss_of(student, teacher), torch.tensor(expected), rtol=1e-4, atol=1e-5
    )


def test_collapse():
    paths = torch.tensor([[1, 1, 0, 1, 2, 2], [0, 0, 2, 2, 1, 1], [0, 0, 0, 0, 0, 0]])
    log_probs = torch.nn.functional.one_hot(paths, 3).float()
    tokens, counts = collapse(log_probs, torch.tensor([6, 4, 6]))
    assert tokens.tolist() == [[1, 1, 2, 0, 0, 0], [2, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]
    assert counts.tolist() == [3, 1, 0]


class FrameByFrame(FakeRecognizer):
    """A recognizer whose log posteriors are the signal itself: V samples are a frame."""

    def encode(self, waves, lengths, layer=-1):
        return waves.unflatten(1, (-1, 3)), lengths // 3

    def ctc_log_probs(self, latents):
        return latents.log_softmax(dim=2)


def frames_of(*tokens: int) -> torch.Tensor:
    return 20.0 * torch.nn.functional.one_hot(torch.tensor(tokens), 3).float().reshape(1, -1)


def test_the_same_words_at_other_frames_are_no_error():
    """A loss of posteriors at each frame is large where tokens come a frame later."""
    from espnet_kd.distill.posterior import PosteriorLoss

    teacher, later = frames_of(0, 1, 0, 2, 0, 0), frames_of(0, 0, 1, 0, 2, 0)
    other, lengths = frames_of(0, 1, 0, 1, 0, 0), torch.tensor([18])
    signals = [seen(signal) for signal in (teacher, later, other)]
    recognizer = FrameByFrame()
    whole, framed = HypothesisLoss(recognizer), PosteriorLoss(recognizer)
    found = [
        [loss(signal, signals[0], None, lengths).item() for signal in signals]
        for loss in (whole, framed)
    ]
    assert found[0][:2] == pytest.approx([0.0, 0.0], abs=0.05) and found[0][2] > 1
    assert found[1][0] == pytest.approx(0.0, abs=1e-5) and min(found[1][1:]) > 1


def test_nothing_heard_means_blanks():
    lengths = torch.tensor([9])
    blank, word = frames_of(0, 0, 0), frames_of(0, 1, 0)
    loss = HypothesisLoss(FrameByFrame())
    assert loss(seen(blank), seen(blank), None, lengths).item() == pytest.approx(0, abs=1e-3)
    assert loss(seen(word), seen(blank), None, lengths).item() > 1


def test_gain_makes_no_difference():
    student, teacher = noise(2, 12), noise(2, 12, seed=1)
    expected = loss_of(student, teacher)
    for gain in (-1.0, 100.0):
        torch.testing.assert_close(loss_of(gain * student, teacher), expected)


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


@pytest.mark.parametrize("lengths", [[0, 0], [12, 0]])
def test_too_short_for_the_recognizer(lengths):
    student = noise(2, 12).requires_grad_()
    loss = loss_of(student, noise(2, 12, seed=1), torch.tensor(lengths))
    loss.sum().backward()
    assert loss[1] == 0 and student.grad.isfinite().all() and not student.grad[1].any()


def test_the_recognizer_is_neither_trained_nor_saved():
    recognizer = FakeRecognizer(WEIGHT)
    loss = HypothesisLoss(recognizer)
    student = noise(2, 12).requires_grad_()
    loss(seen(student), seen(noise(2, 12, seed=1)), None, LENGTHS).sum().backward()
    assert student.grad.any() and recognizer.weight.grad is None
    assert not loss.state_dict() and not list(loss.parameters())


def test_a_recognizer_without_ctc():
    class WithoutCTC(FakeRecognizer):
        def ctc_log_probs(self, latents):
            raise ValueError("no CTC")

    probe = seen(noise(1, 12))
    HypothesisLoss(FakeRecognizer()).prepare(probe, probe)
    with pytest.raises(ValueError, match="no CTC"):
        HypothesisLoss(WithoutCTC()).prepare(probe, probe)
