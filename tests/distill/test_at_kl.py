"""AT-KL: golden values, invariances, alignment, padding, gradient."""

import math

import pytest
import torch

from espnet_kd.distill.at_kl import ATKLLoss
from espnet_kd.distill.taps import Tap, TapPair

from .features import check_gradient, check_padding, comparing, seen

ONE = torch.ones(1)


def features(channels, frames=10, bins=3, seed=0, batch=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, channels, bins, frames, generator=generator)


def divergence(teacher, student, temperature):
    """Compute the KL divergence of softmax(values / rms / temperature) in plain Python."""
    distributions = []
    for values in (teacher, student):
        rms = math.sqrt(sum(v * v for v in values) / len(values))
        powers = [math.exp(v / rms / temperature) for v in values]
        distributions.append([p / sum(powers) for p in powers])
    return sum(t * math.log(t / s) for t, s in zip(*distributions, strict=True))


def test_golden():
    """Two channels, two frames: |A|^2 = (1, 9), (4, 0) against (0, 4), (0, 4)."""
    student = torch.tensor([[1.0, -3.0], [2.0, 0.0]]).view(1, 2, 1, 2)
    teacher = torch.tensor([[0.0, -2.0], [0.0, 2.0]]).view(1, 2, 1, 2)
    expected = divergence([0, 4], [2.5, 4.5], 2.0) + divergence([2, 2], [5, 2], 2.0)
    loss = ATKLLoss(temperature=2.0).compare(0, student, teacher, ONE)
    torch.testing.assert_close(loss, torch.tensor([expected]))


def test_golden_of_frequency_maps():
    student, teacher = features(2, 3, 2, batch=1), features(2, 3, 2, seed=1, batch=1)
    energies = teacher[0] ** 2, student[0] ** 2
    over_time = divergence(*(e.mean(0).flatten().tolist() for e in energies), 4.0)
    pooled = divergence(*(e.mean(2).flatten().tolist() for e in energies), 4.0)
    profile = divergence(*(e.mean((0, 2)).tolist() for e in energies), 4.0)
    for channels, expected in (("pool", over_time + pooled), ("sum", over_time + profile)):
        loss = ATKLLoss(channels=channels).compare(0, student, teacher, ONE)
        torch.testing.assert_close(loss, torch.tensor([expected]))


@pytest.mark.parametrize("channels", ["pool", "sum"])
def test_minimum_where_only_the_scale_differs(channels):
    feature = features(4).requires_grad_()
    loss = ATKLLoss(channels=channels).compare(0, feature, -5 * feature.detach(), torch.ones(2))
    torch.testing.assert_close(loss, torch.zeros(2))
    loss.sum().backward()
    torch.testing.assert_close(feature.grad, torch.zeros_like(feature), atol=1e-6, rtol=0)
    other = ATKLLoss(channels=channels).compare(0, feature, features(4, seed=1), torch.ones(2))
    assert (other > 1e-3).all()


def test_complex_halves_are_one_number():
    """Rotating each complex number changes nothing, unless the halves are taken as channels."""
    feature = features(6)
    turned = torch.complex(*feature.chunk(2, dim=1)) * torch.exp(1j * features(3, seed=1))
    turned = torch.cat([turned.real, turned.imag], dim=1)
    loss = ATKLLoss(complex_halves=True).compare(0, turned, feature, torch.ones(2))
    torch.testing.assert_close(loss, torch.zeros(2))
    assert (ATKLLoss().compare(0, turned, feature, torch.ones(2)) > 1e-3).all()


def test_teacher_is_averaged_to_the_shape_of_the_student():
    """A teacher that repeats each channel, bin and frame of the student has the same maps."""
    feature = torch.ones(2, 3, 4, 10) * torch.randn(2, 3, 4, 1)
    teacher = feature.repeat_interleave(2, 1).repeat_interleave(3, 2).repeat_interleave(2, 3)
    loss = ATKLLoss().compare(0, feature, teacher, torch.tensor([0.5, 1.0]))
    torch.testing.assert_close(loss, torch.zeros(2))


def test_narrower_teacher():
    student, teacher = features(8), features(3, frames=7, bins=2, seed=1)
    loss = ATKLLoss().compare(0, student, teacher, torch.ones(2))
    assert loss.isfinite().all() and (loss > 0).all()


def test_length_does_not_matter():
    student, teacher = features(4), features(4, seed=1)
    short = ATKLLoss().compare(0, student, teacher, torch.ones(2))
    twice = (feature.repeat(1, 1, 1, 2) for feature in (student, teacher))
    torch.testing.assert_close(ATKLLoss().compare(0, *twice, torch.ones(2)), short)


@pytest.mark.parametrize("options", [{}, {"channels": "sum"}, {"complex_halves": True}])
def test_padding_does_not_count(options):
    student, teacher = features(4), features(6, frames=5, bins=5, seed=1)
    check_padding(comparing(ATKLLoss(**options)), student, teacher)
    valid = torch.full((2,), 0.6)
    padded = ATKLLoss(**options).compare(0, student, teacher, valid)
    cut = ATKLLoss(**options).compare(0, student[..., :6], teacher[..., :3], torch.ones(2))
    torch.testing.assert_close(padded, cut)


@pytest.mark.parametrize("options", [{}, {"channels": "sum"}, {"complex_halves": True}])
def test_gradient(options):
    check_gradient(comparing(ATKLLoss(**options)), features(2, 5), features(4, 10, seed=1))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"temperature": 0.0}, "temperature is 0.0, not above 0"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"channels": "max"}, "channels is 'max', not one of pool, sum"),
    ],
)
def test_bad_settings(options, problem):
    with pytest.raises(ValueError, match=problem):
        ATKLLoss(**options)


@pytest.mark.parametrize(
    ("options", "own", "problem"),
    [
        ({"complex_halves": True}, features(3), "'a' has 3 channels, an odd number"),
        ({"channels": "sum"}, features(4, bins=1), "'a' has no frequency axis"),
    ],
)
def test_features_that_cannot_be_aligned(options, own, problem):
    loss = ATKLLoss(**options)
    pair = TapPair(Tap("a"), Tap("b"))
    loss.pairs = (pair,)
    with pytest.raises(ValueError, match=problem):
        loss.prepare(seen({pair.student: own}), seen({pair.teacher: features(4)}))
