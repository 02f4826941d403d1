"""Distiller: which losses are computed, one run of each model, reruns with other features."""

import pytest
import torch
from torch import nn

from espnet_kd.distill.base import DistillLoss, FeatureLoss
from espnet_kd.distill.distiller import Distiller, Term
from espnet_kd.distill.taps import Tap, TapPair
from espnet_kd.errors import UserError

HIDDEN = TapPair(Tap("bottleneck"), Tap("bottleneck"))
MASK = TapPair(Tap("mask", "input"), Tap("mask", "input"))
LENGTHS = torch.tensor([40, 30])


class Level(DistillLoss):
    """Mean square of the student's signal."""

    needs_teacher = False

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, student, teacher, reference, lengths):
        return self.scale * student.signal.square().mean(dim=1)


class ToReference(DistillLoss):
    """Mean square of the student's error."""

    needs_reference = True

    def forward(self, student, teacher, reference, lengths):
        return (student.signal - reference).square().mean(dim=1)


class Means(FeatureLoss):
    """Difference of the sums of features; records its arguments."""

    def __init__(self, *pairs):
        super().__init__()
        self.pairs = pairs
        self.given = []
        self.prepared = []

    def prepare(self, student, teacher):
        self.prepared.append((student, teacher))

    def compare(self, index, student, teacher, valid):
        self.given.append((index, student, teacher, valid))
        return student.sum(dim=(1, 2, 3)) - teacher.sum(dim=(1, 2, 3))


class Twice(DistillLoss):
    """Double the features at a tap."""

    def inline(self):
        return {HIDDEN.student: Double()}

    def forward(self, student, teacher, reference, lengths):
        return student.signal.sum(dim=1)


class Double(nn.Module):
    def forward(self, feature):
        return 2 * feature


def observe(distiller, student, teacher, mixture):
    return (
        distiller.observe_student(student, lambda: student(mixture)),
        distiller.observe_teacher(teacher, lambda: teacher(mixture)),
    )


def test_losses_by_name(student, teacher, mixture):
    distiller = Distiller({"level": Term(Level(), 0.5), "target": Term(ToReference(), 2.0)})
    seen = observe(distiller, student, teacher, mixture)
    losses = distiller(*seen, mixture, LENGTHS, "SIMU")
    assert list(losses) == ["level", "target"]
    torch.testing.assert_close(losses["level"], 2 * student(mixture).square().mean(dim=1))
    expected = (student(mixture) - mixture).square().mean(dim=1)
    torch.testing.assert_close(losses["target"], expected)  # the caller applies the weights
    assert {name: term.weight for name, term in distiller.terms.items()} == {
        "level": 0.5,
        "target": 2.0,
    }
    assert [name for name, _ in distiller.named_parameters()] == ["losses.level.scale"]


def test_loss_that_needs_a_reference_is_skipped_without(student, teacher, mixture):
    distiller = Distiller({"level": Term(Level(), 1.0), "target": Term(ToReference(), 1.0)})
    seen = observe(distiller, student, teacher, mixture)
    assert list(distiller(*seen, None, LENGTHS, "REAL")) == ["level"]
    alone = Distiller({"target": Term(ToReference(), 1.0)})
    assert alone(*seen, None, LENGTHS, "REAL") == {}


def test_loss_that_needs_pairs_is_skipped_without(student, teacher, mixture):
    class OfPairs(Level):
        needs_pairs = True

    distiller = Distiller({"level": Term(Level(), 1.0), "pairs": Term(OfPairs(), 1.0)})
    seen = observe(distiller, student, teacher, mixture)
    assert list(distiller(*seen, mixture, LENGTHS, "SIMU")) == ["level"]
    assert list(distiller(*seen, mixture, LENGTHS, "SIMU", paired=True)) == ["level", "pairs"]


@pytest.mark.parametrize(
    ("category", "expected"), [("SIMU", ["all"]), ("REAL", ["all", "real"]), (None, ["all"])]
)
def test_categories(category, expected, student, teacher, mixture):
    distiller = Distiller(
        {"all": Term(Level(), 1.0), "real": Term(Level(), 1.0, frozenset({"REAL"}))}
    )
    seen = observe(distiller, student, teacher, mixture)
    assert list(distiller(*seen, mixture, LENGTHS, category)) == expected


def test_whether_a_teacher_is_needed():
    assert not Distiller({"level": Term(Level(), 1.0)}).needs_teacher
    assert Distiller({"a": Term(Level(), 1.0), "b": Term(ToReference(), 1.0)}).needs_teacher


def test_features_reach_the_loss_pair_by_pair(student, teacher, mixture):
    loss = Means(HIDDEN, MASK)
    distiller = Distiller({"means": Term(loss, 1.0)})
    found = distiller(*observe(distiller, student, teacher, mixture), None, LENGTHS, None)["means"]
    expected = []
    for index, (given, frames) in enumerate(zip(loss.given, (10, 10), strict=True)):
        assert given[0] == index
        assert given[1].shape == (2, 3, 1, frames)
        assert given[2].shape == (2, 5, 1, 2 * frames)
        assert given[3].tolist() == [1.0, 0.75]
        expected.append(given[1].sum(dim=(1, 2, 3)) - given[2].sum(dim=(1, 2, 3)))
    torch.testing.assert_close(found, (expected[0] + expected[1]) / 2)
    hidden = student.bottleneck(student.encoder(mixture[:, None]))
    torch.testing.assert_close(loss.given[0][1][:, :, 0], hidden)


def test_each_model_runs_once(student, teacher, mixture):
    distiller = Distiller({"a": Term(Means(HIDDEN, MASK), 1.0), "b": Term(Means(HIDDEN), 1.0)})
    runs = []

    def run(model):
        runs.append(model)
        return model(mixture)

    observed = distiller.observe_student(student, lambda: run(student))
    taught = distiller.observe_teacher(teacher, lambda: run(teacher))
    distiller(observed, taught, None, LENGTHS, None)
    assert runs == [student, teacher]
    assert set(observed.features) == set(taught.features) == {HIDDEN.student, MASK.student}
    assert observed.model is student and taught.model is teacher


def test_only_the_student_has_gradients(student, teacher, mixture):
    distiller = Distiller({"a": Term(Means(HIDDEN), 1.0)})
    observed, taught = observe(distiller, student, teacher, mixture)
    assert not taught.signal.requires_grad
    assert not any(feature.requires_grad for feature in taught.features.values())
    distiller(observed, taught, None, LENGTHS, None)["a"].sum().backward()
    assert student.bottleneck.weight.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in teacher.parameters())


def test_rerun_replaces_features(student, teacher, mixture):
    distiller = Distiller({"a": Term(Means(HIDDEN, MASK), 1.0)})
    observed, taught = observe(distiller, student, teacher, mixture)
    own = observed.features[HIDDEN.student]
    again = observed.rerun({HIDDEN.student: 3 * own})
    code, hidden = student.encoder(mixture[:, None]), 3 * own[:, :, 0]
    summed = hidden + student.block(hidden)
    torch.testing.assert_close(again.features[MASK.student][:, :, 0], summed)
    signal = student.decoder(student.mask(summed).sigmoid() * code)[:, 0]
    torch.testing.assert_close(again.signal, signal)
    assert torch.equal(observed.rerun({}).signal, observed.signal)
    # A rerun of a rerun keeps both replacements.
    both = again.rerun({MASK.student: torch.zeros_like(again.features[MASK.student])})
    silent = student.mask(torch.zeros_like(summed)).sigmoid()
    torch.testing.assert_close(both.signal, student.decoder(silent * code)[:, 0])
    torch.testing.assert_close(both.features[MASK.student][:, :, 0], summed)
    # A teacher passes gradients to the given features, if the caller wants them.
    given = taught.features[MASK.teacher].clone().requires_grad_()
    taught.rerun({MASK.teacher: given}).signal.sum().backward()
    assert given.grad.abs().sum() > 0


def test_inline_modules_are_in_every_run(student, teacher, mixture):
    loss = Twice()
    loss.pairs = (HIDDEN,)
    distiller = Distiller({"twice": Term(loss, 1.0), "b": Term(Means(MASK), 1.0)})
    observed, taught = observe(distiller, student, teacher, mixture)
    code = student.encoder(mixture[:, None])
    own = student.bottleneck(code)
    torch.testing.assert_close(observed.features[HIDDEN.student][:, :, 0], own)
    doubled = 2 * own + student.block(2 * own)
    torch.testing.assert_close(observed.features[MASK.student][:, :, 0], doubled)
    given = torch.ones_like(observed.features[HIDDEN.student])
    behind = 2 * given[:, :, 0] + student.block(2 * given[:, :, 0])
    again = observed.rerun({HIDDEN.student: given})
    torch.testing.assert_close(again.features[MASK.student][:, :, 0], behind)
    torch.testing.assert_close(
        again.rerun({HIDDEN.student: 2 * given}).features[MASK.student][:, :, 0],
        4 * given[:, :, 0] + student.block(4 * given[:, :, 0]),
    )
    plain = teacher.bottleneck(teacher.encoder(mixture[:, None]))
    torch.testing.assert_close(taught.features[HIDDEN.teacher][:, :, 0], plain)


def test_prepare_observes_both_models(student, teacher, mixture):
    loss = Means(HIDDEN)
    distiller = Distiller({"a": Term(loss, 1.0)})
    distiller.prepare(student, lambda: student(mixture), teacher, lambda: teacher(mixture))
    (observed, taught), *more = loss.prepared
    assert not more
    assert observed.features[HIDDEN.student].shape == (2, 3, 1, 10)
    assert taught.features[HIDDEN.teacher].shape == (2, 5, 1, 20)
    assert not observed.signal.requires_grad
    distiller.prepare(student, lambda: student(mixture), None, None)
    assert loss.prepared[1][1] is None


def test_two_modules_at_one_tap_are_rejected(student, mixture):
    distiller = Distiller({"a": Term(Twice(), 1.0), "b": Term(Twice(), 1.0)})
    with pytest.raises(ValueError, match="'b': another loss already has a module at 'bottleneck'"):
        distiller.prepare(student, lambda: student(mixture), None, None)


def test_error_of_prepare_names_the_loss(student, mixture):
    class Picky(Means):
        def prepare(self, student, teacher):
            raise ValueError("no")

    distiller = Distiller({"a": Term(Picky(), 1.0)})
    with pytest.raises(ValueError, match="'a': no"):
        distiller.prepare(student, lambda: student(mixture), None, None)


def test_tap_that_the_model_lacks(student, teacher, mixture):
    pair = TapPair(Tap("bottleneck"), Tap("botleneck"))
    distiller = Distiller({"a": Term(Means(pair), 1.0)})
    with pytest.raises(UserError, match="tap 'botleneck': the teacher has no such module"):
        distiller.prepare(student, lambda: student(mixture), teacher, lambda: teacher(mixture))


@pytest.mark.parametrize(
    ("beside", "categories", "category", "has_reference", "expected"),
    [
        (True, (), "SIMU", True, True),
        (True, ("REAL",), "SIMU", True, False),  # does not apply
        (False, (), "SIMU", True, False),  # the reference is enough
        (False, (), "REAL", False, True),
    ],
)
def test_teacher_is_used_where_it_is_needed(beside, categories, category, has_reference, expected):
    class Sometimes(Level):
        needs_teacher = True
        needs_teacher_beside_reference = beside

    distiller = Distiller({"level": Term(Sometimes(), 1.0, frozenset(categories))})
    assert distiller.looks_at_teacher(category, has_reference, paired=False) == expected
