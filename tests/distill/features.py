"""Features without models, and checks that every feature loss must pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from espnet_kd.distill.base import FeatureLoss, Observation
from espnet_kd.distill.frames import frame_mask
from espnet_kd.distill.taps import Tap

Compare = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def seen(features: Mapping[Tap, torch.Tensor], model: torch.nn.Module | None = None) -> Observation:
    """Return the observation of a model with such features."""
    return Observation(torch.zeros(1, 1), dict(features), lambda _: seen(features, model), model)


def comparing(loss: FeatureLoss) -> Compare:
    """Return the loss as a function of student and teacher (B, C, F, T) and valid (B,)."""
    return lambda student, teacher, valid: loss.compare(0, student, teacher, valid)


def check_padding(compare: Compare, student: torch.Tensor, teacher: torch.Tensor) -> None:
    """Check that garbage after three fifths of the first utterance changes nothing.

    If the teacher has fewer frames, interpolation reaches beyond the last valid frame.
    """
    valid = torch.tensor([0.6] + [1.0] * (len(student) - 1))
    expected = compare(student, teacher, valid)
    spoilt = []
    for feature in (student, teacher):
        padding = frame_mask(valid, feature.size(-1))[:, None, None] == 0
        assert padding.any()
        spoilt.append(torch.where(padding, 1e6, feature))
    torch.testing.assert_close(compare(*spoilt, valid), expected)
    assert not torch.allclose(compare(student, teacher, torch.ones(len(student))), expected)


def check_gradient(compare: Compare, student: torch.Tensor, teacher: torch.Tensor) -> None:
    """Check the gradient against finite differences, and that it is finite for silence."""
    valid = torch.tensor([0.6] + [1.0] * (len(student) - 1))
    points = student.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda s: compare(s, teacher.double(), valid), (points,))
    silence = torch.zeros_like(student).requires_grad_()
    compare(silence, torch.zeros_like(teacher), valid).sum().backward()
    assert silence.grad.isfinite().all()
