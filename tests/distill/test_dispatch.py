"""DISPatch: values by hand, the choice of patches, invariances, padding, gradient, bad settings."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from espnet_kd.distill.dispatch import DispatchLoss, choose, to_patches

from . import spectra_by_hand as by_hand
from .signals import noise, seen

KINDS = ("l2", "dfkd")
LENGTHS = torch.tensor([4000, 2700])
SMALL = {"n_fft": 64, "hop_length": 16}


def loss_of(loss, student, teacher, reference, lengths=LENGTHS) -> torch.Tensor:
    return loss(seen(student), seen(teacher), reference, lengths)


def signals(samples=4000, dtype=torch.float32):
    """Return student, teacher and reference; the teacher is closer to the reference."""
    reference = noise(2, samples, dtype=dtype)
    more, less = (noise(2, samples, seed=seed, dtype=dtype) for seed in (1, 2))
    return reference + more, reference + 0.5 * less, reference


def expected(kind, bins, keep, only_gaps, student, teacher, reference) -> float:
    """Compute the loss of one utterance band by band and patch by patch."""
    clean = by_hand.at_speech_level(reference)
    own, taught, clean = (
        by_hand.spectrum(signal, 64, 16)
        for signal in (by_hand.scaled_to(student, clean), by_hand.scaled_to(teacher, clean), clean)
    )
    splits = [by_hand.crossover(frame) for frame in taught.T]

    def squares(a, b):
        return np.mean((np.abs(a) - np.abs(b)) ** 2)

    def high(a, b):
        return 0.5 * by_hand.distance(a, b) + 0.5 * squares(a, b)

    total = 0.0
    distances = {"l2": [squares], "dfkd": [by_hand.distance, high]}[kind]
    for band, (size, d) in enumerate(zip(bins, distances, strict=True)):
        found = []
        for frame, m in enumerate(splits):
            for first in range(0, 33, size):
                members = [
                    f
                    for f in range(first, min(first + size, 33))
                    if kind == "l2" or (f <= m if band == 0 else f >= m)
                ]
                if not members:
                    continue
                s, t, y = np.zeros((3, size), complex)
                for f in members:
                    s[f - first], t[f - first] = own[f, frame], taught[f, frame]
                    y[f - first] = clean[f, frame]
                found.append((d(y, s) - d(y, t), d(t, s)))
        found.sort(key=lambda pair: -pair[0])
        chosen = found[: max(1, math.floor(keep * len(found)))]
        values = [value for gap, value in chosen if gap > 0 or not only_gaps]
        total += np.mean(values)
    return total


@pytest.mark.parametrize("only_gaps", [False, True])
@pytest.mark.parametrize("keep", [0.8, 0.3])
@pytest.mark.parametrize(
    ("kind", "bins"), [("l2", [5]), ("l2", [33]), ("dfkd", [2, 7]), ("dfkd", [5, 5])]
)
def test_values_by_hand(kind, bins, keep, only_gaps):
    student, teacher, reference = signals(1000, torch.float64)
    loss = DispatchLoss(kind, bins, keep, only_gaps=only_gaps, **SMALL)
    loss.window = torch.hann_window(64, dtype=torch.double)
    lengths = torch.tensor([1000, 1000])
    found = loss_of(loss, student, teacher, reference, lengths)
    for row in range(2):
        rows = [signal[row].numpy() for signal in (student, teacher, reference)]
        value = expected(kind, bins, keep, only_gaps, *rows)
        assert found[row].item() == pytest.approx(value, rel=1e-9)


def test_choice():
    """Half of four patches; a patch that is no candidate is not counted; ties are all taken."""
    gap = torch.tensor([[3.0, 9.0, -1.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    inside = torch.tensor([[True, False, True, True, True], [True, True, True, True, False]])
    found = choose(gap, inside, 0.5)
    assert found.int().tolist() == [[1, 0, 0, 1, 0], [1, 1, 1, 1, 0]]
    assert choose(gap, inside, 0.1).int().tolist()[0] == [1, 0, 0, 0, 0]
    assert not choose(gap, torch.zeros_like(inside), 0.5).any()


def test_patches_are_filled_with_zeros():
    spectrum = torch.arange(1.0, 6.0).view(1, 5, 1).to(torch.complex64)
    found = to_patches(spectrum, 3)[0, :, :, 0]
    assert found.real.tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 0.0]]


@pytest.mark.parametrize("kind", KINDS)
class TestBothKinds:
    def test_only_the_gaps_teach(self, kind):
        """A student that equals the reference has nothing to learn from a worse teacher."""
        _, teacher, reference = signals()
        student = reference.clone()
        found = loss_of(DispatchLoss(kind, only_gaps=True), student, teacher, reference)
        torch.testing.assert_close(found, torch.zeros(2), atol=1e-5, rtol=0)
        assert (loss_of(DispatchLoss(kind), student, teacher, reference) > 0.01).all()

    def test_zero_for_the_teacher_at_any_scale(self, kind):
        _, teacher, reference = signals()
        for gain in (1.0, -1.0, 50.0):
            found = loss_of(DispatchLoss(kind), gain * teacher, teacher, reference)
            torch.testing.assert_close(found, torch.zeros(2), atol=1e-4, rtol=0)

    def test_scales_do_not_matter(self, kind):
        student, teacher, reference = signals()
        value = loss_of(DispatchLoss(kind), student, teacher, reference)
        found = loss_of(DispatchLoss(kind), -3 * student, 40 * teacher, 0.1 * reference)
        torch.testing.assert_close(found, value, rtol=1e-3, atol=1e-5)

    def test_padding_and_batch_do_not_matter(self, kind):
        three = signals()
        value = loss_of(DispatchLoss(kind), *three)
        alone = loss_of(DispatchLoss(kind), *(s[1:, :2700] for s in three), LENGTHS[1:])
        torch.testing.assert_close(value[1:], alone)
        for garbage in (1e3, torch.nan):
            for signal in three:
                signal[1, 2700:] = garbage
            torch.testing.assert_close(loss_of(DispatchLoss(kind), *three), value)
        student = three[0].requires_grad_()
        loss_of(DispatchLoss(kind), *three).sum().backward()
        assert not student.grad[1, 2700:].any() and student.grad.isfinite().all()

    def test_gradient(self, kind):
        """The choice has no gradient, and does not change within the steps of the check."""
        student, teacher, reference = signals(40, torch.float64)
        loss = DispatchLoss(kind, [3] if kind == "l2" else [2, 4], n_fft=16, hop_length=8)
        lengths = torch.tensor([40, 29])
        function = lambda s: loss_of(loss, s, teacher, reference, lengths)  # noqa: E731
        assert torch.autograd.gradcheck(function, (student.requires_grad_(),))

    def test_silence_has_a_finite_gradient(self, kind):
        for teacher in (noise(2, 4000), torch.zeros(2, 4000)):
            student = torch.zeros(2, 4000, requires_grad=True)
            loss_of(DispatchLoss(kind), student, teacher, noise(2, 4000, seed=3)).sum().backward()
            assert student.grad.isfinite().all()


def test_it_needs_references():
    assert DispatchLoss.needs_reference and DispatchLoss.needs_teacher


@pytest.mark.parametrize(
    ("conf", "problem"),
    [
        ({"kind": "l1"}, "kind is 'l1', use l2 or dfkd"),
        ({"bins": [10]}, "bins is .10.; 'dfkd' takes 2 numbers above 0"),
        ({"kind": "l2", "bins": [0]}, "bins is .0.; 'l2' takes 1 numbers above 0"),
        ({"keep": 0}, "keep is 0, not above 0 and at most 1"),
        ({"beta": -1}, "beta is -1"),
    ],
)
def test_bad_settings(conf, problem):
    with pytest.raises(ValueError, match=problem):
        DispatchLoss(**conf)
