"""Gram loss: golden values, invariances, padding, gradient."""

import pytest
import torch

from espnet_kd.distill.gram import BETWEEN_UTTERANCES, KINDS, GramLoss
from espnet_kd.distill.taps import Tap, TapPair

from .features import check_gradient, check_padding, comparing, seen

ROOT = 0.5**0.5


def features(channels, frames=10, bins=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(3, channels, bins, frames, generator=generator)


@pytest.mark.parametrize("kind", ["time", "frequency"])
def test_golden(kind):
    """Frames (or bins) e1, e2 against two equal ones: rows (1, 0), (0, 1) and (1, 1) / sqrt 2."""
    student, teacher = torch.eye(2).view(1, 2, 1, 2), torch.ones(1, 1, 1, 2)
    if kind == "frequency":  # the frame rates may differ
        student, teacher = student.transpose(2, 3), teacher.transpose(2, 3).repeat(1, 1, 1, 3)
    loss = GramLoss(kind).compare(0, student, teacher, torch.ones(1))
    expected = ((1 - ROOT) ** 2 + ROOT**2) / 2
    torch.testing.assert_close(loss, torch.tensor([expected]))


def test_golden_over_the_batch():
    """Utterances e1, e2, e3 against three equal ones; the third is shorter."""
    student = torch.eye(3).view(3, 3, 1, 1).repeat(1, 1, 1, 2)
    teacher = torch.ones(3, 1, 1, 2)
    loss = GramLoss("batch").compare(0, student, teacher, torch.tensor([1.0, 1.0, 0.5]))
    of_three = ((1 - 3**-0.5) ** 2 + 2 / 3) / 3
    of_two = ((1 - ROOT) ** 2 + ROOT**2) / 2
    mean = (of_three + of_two) / 2
    torch.testing.assert_close(loss, torch.tensor([mean, mean, of_three]))


@pytest.mark.parametrize("kind", KINDS)
def test_against_loops(kind):
    """Compute one utterance, one matrix and one row at a time."""
    student, teacher = features(4), features(2, seed=1)
    everything = slice(None)
    places = {
        "batch": [(everything, t) for t in range(10)],
        "bin": [(f, t) for f in range(3) for t in range(10)],
        "whole": [(everything, everything)],
    }
    axis = {"frequency": 1, "time": 2}.get(kind)
    expected = []
    for b in range(3):
        values = []
        for place in places.get(kind, [None]):
            grams = []
            for feature in (student, teacher):
                rows = feature[b].movedim(axis, 0) if place is None else feature[(..., *place)]
                rows = rows.flatten(1)
                gram = torch.stack([torch.stack([x.dot(y) for y in rows]) for x in rows])
                grams.append(gram / gram.norm(dim=1, keepdim=True))
            squares = (grams[0] - grams[1]) ** 2
            values.append(squares.mean() if place is None else squares[b].mean())
        expected.append(torch.stack(values).mean())
    found = GramLoss(kind).compare(0, student, teacher, torch.ones(3))
    torch.testing.assert_close(found, torch.stack(expected))


@pytest.mark.parametrize("kind", KINDS)
def test_scale_and_rotation_of_channels_do_not_matter(kind):
    feature = features(4)
    rotation = torch.linalg.qr(torch.randn(6, 4))[0]  # orthonormal columns; the teacher is wider
    teacher = 7 * torch.einsum("dc,bcft->bdft", rotation, feature)
    loss = GramLoss(kind).compare(0, feature, teacher, torch.tensor([0.5, 1.0, 1.0]))
    torch.testing.assert_close(loss, torch.zeros(3))


@pytest.mark.parametrize("kind", KINDS)
def test_padding_does_not_count(kind):
    check_padding(comparing(GramLoss(kind)), features(4), features(2, frames=5, seed=1))


@pytest.mark.parametrize(
    ("kind", "stride"), [("time", 1), ("time", 4), ("frequency", 1), ("whole", 1)]
)
def test_padded_equals_cut(kind, stride):
    student, teacher = features(4), features(2, frames=5, seed=1)
    valid, loss = torch.full((3,), 0.6), GramLoss(kind, stride)
    padded = loss.compare(0, student, teacher, valid)
    cut = loss.compare(0, student[..., :6], teacher[..., :3], torch.ones(3))
    torch.testing.assert_close(padded, cut)


def test_frames_are_averaged_before_they_are_compared():
    """Groups of four frames, the last one of two."""
    student, teacher = features(4), features(2, seed=1)
    groups = (
        torch.stack([feature[..., t : t + 4].mean(dim=-1) for t in (0, 4, 8)], dim=-1)
        for feature in (student, teacher)
    )
    found = GramLoss("time", stride=4).compare(0, student, teacher, torch.ones(3))
    torch.testing.assert_close(found, GramLoss("time").compare(0, *groups, torch.ones(3)))


@pytest.mark.parametrize("kind", KINDS)
def test_an_utterance_alone_teaches_unless_utterances_are_compared(kind):
    student, teacher = features(4)[:1].requires_grad_(), features(2, seed=1)[:1]
    loss = GramLoss(kind).compare(0, student, teacher, torch.ones(1))
    assert (loss.item() > 1e-3) == (kind not in BETWEEN_UTTERANCES)
    assert GramLoss.needed_utterances(kind=kind) == (2 if kind in BETWEEN_UTTERANCES else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient(kind):
    check_gradient(comparing(GramLoss(kind)), features(2, 5, 2), features(3, 5, 2, seed=1))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kind": "space"}, "kind is 'space', not one of time, frequency, batch, bin, whole"),
        ({"stride": 0}, "stride is 0, give a whole number of frames, at least 1"),
        ({"stride": 2.5}, "stride is 2.5, give a whole number"),
        ({"kind": "whole", "stride": 2}, "stride is for kind 'time', not 'whole'; leave it out"),
    ],
)
def test_bad_settings(options, problem):
    with pytest.raises(ValueError, match=problem):
        GramLoss(**options)


@pytest.mark.parametrize(
    ("kind", "own", "others"), [("frequency", 3, 4), ("frequency", 1, 1), ("bin", 3, 4)]
)
def test_bins_that_cannot_be_compared(kind, own, others):
    loss = GramLoss(kind)
    pair = TapPair(Tap("a"), Tap("b"))
    loss.pairs = (pair,)
    student, teacher = features(2, bins=own), features(2, bins=others)
    with pytest.raises(ValueError, match=f"'a' has {own} and 'b' has {others}"):
        loss.prepare(seen({pair.student: student}), seen({pair.teacher: teacher}))
