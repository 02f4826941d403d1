"""Acoustic-token loss: values by hand, choice of the target, padding, gradient, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from espnet_kd.distill.acoustic_token import AcousticTokenLoss
from espnet_kd.distill.centroids import Centroids, write_centroids

from .fake_recognizer import FakeRecognizer
from .signals import noise, seen

LENGTHS = torch.tensor([12, 8])
VECTORS = np.array([[0.05, 0.0], [-0.03, 0.06], [0.02, -0.07]], dtype=np.float32)


@pytest.fixture
def make_loss(tmp_path: Path):
    """Function that builds a loss, by default with three tokens."""

    def make(vectors=VECTORS, layer=-1, checksum=None, temperature=0.5) -> AcousticTokenLoss:
        path = tmp_path / "tokens.npz"
        write_centroids(path, Centroids(np.float32(vectors), layer, "right"))
        return AcousticTokenLoss(FakeRecognizer(checksum=checksum), path, temperature)

    return make


def by_hand(student, target, vectors, temperature) -> float:
    """Compute the loss of one utterance frame by frame."""
    student, target, vectors = (np.float64(x) for x in (student, target, vectors))
    student = student * (student @ target) / (student @ student)
    scale = ((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1).mean()
    total = 0.0
    for frame in range(len(student) // 2):
        at = slice(2 * frame, 2 * frame + 2)
        nearest = ((target[at] - vectors) ** 2).sum(axis=1).argmin()
        logits = -((student[at] - vectors) ** 2).sum(axis=1) / (temperature * scale)
        total += np.log(np.exp(logits).sum()) - logits[nearest]
    return total / (len(student) // 2)


def test_cross_entropy_by_hand(make_loss):
    student, clean = noise(1, 12), noise(1, 12, seed=1)
    loss = make_loss()(seen(student), None, clean, torch.tensor([12]))
    expected = by_hand(student[0], clean[0], VECTORS, 0.5)
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_latents_come_from_the_clustered_layer(make_loss):
    student, clean = noise(1, 12), noise(1, 12, seed=1)
    loss = make_loss(layer=0)(seen(student), None, clean, torch.tensor([12]))
    expected = by_hand(2 * student[0], 2 * clean[0], VECTORS, 0.5)
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_teacher_replaces_a_missing_reference(make_loss):
    student, teacher, clean = (seen(noise(2, 12, seed=seed)) for seed in range(3))
    loss = make_loss()
    by_clean = loss(student, teacher, clean.signal, LENGTHS)
    by_teacher = loss(student, teacher, None, LENGTHS)
    torch.testing.assert_close(by_teacher, loss(student, None, teacher.signal, LENGTHS))
    assert not torch.isclose(by_clean, by_teacher).any()


def test_nearly_zero_only_on_centroids(make_loss):
    tokens = torch.tensor([[0, 1, 2, 2, 0, 1], [1, 1, 2, 0, 0, 0]])
    clean = torch.from_numpy(VECTORS)[tokens].flatten(1)
    loss = make_loss(temperature=0.01)
    for gain in (1.0, -3.0):
        right = loss(seen(gain * clean), None, clean, LENGTHS)
        torch.testing.assert_close(right, torch.zeros(2), atol=1e-6, rtol=0)
    assert (loss(seen(noise(2, 12)), None, clean, LENGTHS) > 1).all()


def test_size_of_the_latents_does_not_matter(make_loss):
    student, clean = noise(2, 12), noise(2, 12, seed=1)
    expected = make_loss()(seen(student), None, clean, LENGTHS)
    result = make_loss(1000 * VECTORS)(seen(student), None, 1000 * clean, LENGTHS)
    torch.testing.assert_close(result, expected)


def test_padding_does_not_count(make_loss):
    loss = make_loss()
    student, clean = noise(2, 12), noise(2, 12, seed=1)
    expected = loss(seen(student), None, clean, LENGTHS)
    alone = loss(seen(student[1:, :8]), None, clean[1:, :8], LENGTHS[1:])
    torch.testing.assert_close(expected[1:], alone)
    for garbage in (1e3, torch.nan):
        student[1, 8:], clean[1, 8:] = garbage, -garbage
        torch.testing.assert_close(loss(seen(student), None, clean, LENGTHS), expected)


def test_gradient(make_loss):
    loss, clean = make_loss().double(), noise(2, 12, seed=1, dtype=torch.float64)
    student = noise(2, 12, dtype=torch.float64).requires_grad_()
    function = lambda signal: loss(seen(signal), None, clean, LENGTHS)  # noqa: E731
    assert torch.autograd.gradcheck(function, (student,))


def test_only_the_student_is_trained_and_saved(make_loss):
    loss = make_loss()
    assert not loss.state_dict() and not list(loss.parameters())
    assert not any(weight.requires_grad for weight in loss.recognizer.module.parameters())


def test_centroids_of_another_recognizer(make_loss):
    make_loss(checksum="right")
    with pytest.raises(ValueError, match="tokens.npz was made with another recognizer"):
        make_loss(checksum="wrong")
    probe = seen(noise(1, 12))
    make_loss().prepare(probe, probe)
    with pytest.raises(ValueError, match="have 3 values, but the recognizer's latents have 2"):
        make_loss(vectors=np.eye(3)).prepare(probe, probe)
    with pytest.raises(ValueError, match="temperature is -1"):
        make_loss(temperature=-1)
