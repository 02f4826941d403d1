"""CLSKD: values by hand, paths, invariances, padding, gradient."""

from __future__ import annotations

import math

import pytest
import torch

from espnet_kd.distill.base import Observation
from espnet_kd.distill.clskd import CLSKDLoss, divergence, similarities
from espnet_kd.distill.taps import Tap, TapPair

from .features import check_gradient, check_padding

LEVELS = [TapPair(Tap(f"own{place}"), Tap(f"other{place}")) for place in range(3)]


def features(channels, frames=10, bins=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, channels, bins, frames, generator=generator)


def levels(seed, channels=2, frames=10):
    return [features(channels + k, frames, seed=10 * seed + k) for k in range(3)]


def run(loss, student, teacher, valid) -> torch.Tensor:
    """Compute the loss of a student and a teacher with a list of features each."""
    samples = 1000
    seen = [
        Observation(torch.zeros(len(valid), samples), dict(zip(taps, values, strict=True)), None)
        for taps, values in (
            ([pair.student for pair in loss.pairs], student),
            ([pair.teacher for pair in loss.pairs], teacher),
        )
    ]
    return loss(*seen, None, valid * samples)


def make_loss(count=3, **conf) -> CLSKDLoss:
    loss = CLSKDLoss(**conf)
    loss.pairs = LEVELS[:count]
    loss.prepare(None, None)
    return loss


def test_golden():
    """Two utterances: orthogonal in the student (rows 2/3, 1/3), equal in the teacher (1/2)."""
    student, teacher = torch.eye(2).view(2, 2, 1, 1), torch.ones(2, 3, 1, 1)
    found = run(make_loss(1), [student], [teacher], torch.ones(2))
    first = (1 / 2 - 2 / 3) * math.log((1 / 2) / (2 / 3))
    second = (1 / 2 - 1 / 3) * math.log((1 / 2) / (1 / 3))
    torch.testing.assert_close(found, torch.full((2,), (first + second) / 2))


def by_hand(student, teacher, weights):
    """Compute the loss of four utterances of equal length with loops."""
    result = []
    for b in range(4):
        values = []
        for t in range(10):
            for i, own in enumerate(student):
                rows = []
                for feature in (own, *teacher[: i + 1]):
                    vectors = [feature[u, :, :, t].flatten() for u in range(4)]
                    cosines = [
                        float(vectors[b] @ v / (vectors[b].norm() * v.norm())) for v in vectors
                    ]
                    shares = [(c + 1) / 2 for c in cosines]
                    rows.append([share / sum(shares) for share in shares])
                p = torch.tensor(weights[i]) @ torch.tensor(rows[1:])
                q = torch.tensor(rows[0])
                values.append(float(((p - q) * (p.log() - q.log())).mean()))
        result.append(sum(values) / len(values))
    return torch.tensor(result)


@pytest.mark.parametrize("learned", [False, True])
def test_against_loops(learned):
    loss = make_loss()
    weights = [[1.0], [0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]]
    if learned:  # softmax of logarithms
        weights = [[1.0], [0.2, 0.8], [0.1, 0.3, 0.6]]
        with torch.no_grad():
            for row, values in enumerate(weights):
                loss.paths[row, : row + 1] = torch.tensor(values).log() + 5
    found = run(loss, levels(1), levels(2), torch.ones(4))
    torch.testing.assert_close(found, by_hand(levels(1), levels(2), weights))


def test_paths_are_learned_unless_told_otherwise():
    loss = make_loss()
    assert [name for name, _ in loss.named_parameters()] == ["paths"]
    run(loss, levels(1), levels(2), torch.ones(4)).sum().backward()
    assert (loss.paths.grad.abs() > 0).int().tolist() == [[0, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert not make_loss(learn_paths=False).paths.requires_grad


def test_scale_and_rotation_of_channels_do_not_matter():
    feature = features(4)
    rotation = torch.linalg.qr(torch.randn(6, 4))[0]  # orthonormal columns; the teacher is wider
    teacher = 7 * torch.einsum("dc,bcft->bdft", rotation, feature)
    valid = torch.tensor([0.5, 1.0, 1.0, 1.0])
    torch.testing.assert_close(run(make_loss(1), [feature], [teacher], valid), torch.zeros(4))


def compare(student, teacher, valid):
    return run(make_loss(2).to(student.dtype), [student, student], [teacher, -teacher], valid)


def test_padding_does_not_count():
    check_padding(compare, features(4), features(2, frames=5, seed=1))


def test_gradient():
    check_gradient(compare, features(2, 5, 2), features(3, 5, 2, seed=1))


def test_a_longer_utterance_is_compared_with_those_that_are_long_enough():
    """At the second frame, the first utterance has ended."""
    mask = torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    found = similarities(torch.ones(3, 1, 1, 2), mask)
    torch.testing.assert_close(found[0], torch.full((3, 3), 1 / 3))
    torch.testing.assert_close(found[1, 1:], torch.tensor([[0.0, 0.5, 0.5]] * 2))
    assert divergence(found, found, mask).tolist() == [0.0, 0.0, 0.0]


def test_an_utterance_alone_teaches_nothing():
    student, teacher = features(2)[:1], features(3, seed=1)[:1]
    assert run(make_loss(1), [student], [teacher], torch.ones(1)).tolist() == [0.0]
    assert CLSKDLoss.least_utterances == 2
