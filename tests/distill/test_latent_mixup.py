"""Latent mixup: formula, mixing of the two halves, gradients, padding, bad settings."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from espnet_kd.distill.base import Observation
from espnet_kd.distill.distiller import observe
from espnet_kd.distill.latent_mixup import LatentMixupLoss, relative_distance
from espnet_kd.distill.si_snr import si_snr
from espnet_kd.distill.taps import Tap, TapPair
from espnet_kd.errors import UserError

PAIRS, SAMPLES, STRIDE = 3, 64, 4
LENGTHS = torch.full((2 * PAIRS,), SAMPLES)
TAPS = [TapPair(Tap(path), Tap(path)) for path in ("code", "middle")]


class UNet(nn.Module):
    """Code, middle layer, and a decoder that also gets the code through a skip."""

    def __init__(self, width: int, stride: int = STRIDE):
        super().__init__()
        self.code = nn.Sequential(nn.Conv1d(1, width, stride, stride), nn.Tanh())
        self.middle = nn.Sequential(nn.Conv1d(width, width, 3, padding=1), nn.Tanh())
        self.decoder = nn.ConvTranspose1d(2 * width, 1, stride, stride)

    def forward(self, mixture):
        code = self.code(mixture[:, None])
        return self.decode(code, self.middle(code))

    def decode(self, code, middle):
        return self.decoder(torch.cat([middle, code], dim=1))[:, 0]


@pytest.fixture(autouse=True)
def _double_precision():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.double)
    yield
    torch.set_default_dtype(torch.float)


@pytest.fixture
def speech():
    return torch.randn(PAIRS, SAMPLES)


@pytest.fixture
def mixture(speech):
    return speech.repeat(2, 1) + 0.5 * torch.randn(2 * PAIRS, SAMPLES)


def look(model, mixture):
    taps = [pair.student for pair in TAPS]
    return observe(model, lambda: model(mixture), taps, {}, "student")


def frozen(model):
    return model.eval().requires_grad_(False)


def make_loss(student, teacher, mixing=None, **conf):
    """Build the loss for two models; `mixing` replaces the random weights."""
    loss = LatentMixupLoss(**conf)
    loss.pairs = TAPS
    probe = torch.randn(1, SAMPLES)
    loss.prepare(look(student, probe), look(teacher, probe))
    if mixing is not None:
        loss.mixing_weights = lambda count: torch.as_tensor(mixing).expand(count)
    return loss


def run(loss, student, teacher, speech, mixture):
    with torch.no_grad():
        taught = look(teacher, mixture)
    return loss(look(student, mixture), taught, speech.repeat(2, 1), LENGTHS)


@pytest.fixture
def models():
    return UNet(4), frozen(UNet(6))


def test_formula_by_hand(models, speech, mixture):
    """L_lat and L_dec of each utterance and its two rows, with P, mixing and U-Net by hand."""
    student, teacher = models
    mixing = torch.tensor([0.3, 0.9, 0.6])
    loss = make_loss(student, teacher, mixing, decoder_weight=0.7)
    found = run(loss, student, teacher, speech, mixture)

    def latents(model, row):
        code = model.code(mixture[row, None, None])
        return {"code": code[0], "middle": model.middle(code)[0]}

    def distance(index, guess, target):
        conv = loss.projections[index]
        guess = conv.weight[:, :, 0, 0] @ guess + conv.bias[:, None]
        return ((guess - target) ** 2).sum() / (target**2).sum()

    for pair in range(PAIRS):
        rows = (pair, PAIRS + pair)
        for row, other in (rows, rows[::-1]):
            own, more = latents(student, row), latents(student, other)
            told, also = latents(teacher, row), latents(teacher, other)
            weight = mixing[pair]
            mixed = {name: weight * own[name] + (1 - weight) * more[name] for name in own}
            latent = 0.0
            for index, name in enumerate(("code", "middle")):
                target = weight * told[name] + (1 - weight) * also[name]
                latent += distance(index, mixed[name], target)
                latent += distance(index, own[name], told[name])
                latent += distance(index, more[name], also[name])
            decoded = student.decode(mixed["code"][None], mixed["middle"][None])
            quality = si_snr(speech[pair, None], decoded, LENGTHS[:1])[0]
            torch.testing.assert_close(found[row], latent / 2 - 0.7 * quality)


def test_the_second_half_is_mixed_the_other_way_round(models, speech, mixture):
    student, teacher = models
    swapped = mixture.roll(PAIRS, 0)
    loss = make_loss(student, teacher, 0.3)
    found = run(loss, student, teacher, speech, mixture)
    assert (found[:PAIRS] - found[PAIRS:]).abs().min() > 1e-3
    torch.testing.assert_close(
        run(loss, student, teacher, speech, swapped), found.roll(PAIRS), rtol=1e-9, atol=1e-9
    )
    loss.mixing_weights = lambda count: torch.full((count,), 0.7)
    torch.testing.assert_close(run(loss, student, teacher, speech, swapped), found)


@pytest.mark.parametrize("mixing", [0.0, 1.0])
def test_without_mixing_latents_are_unchanged(models, speech, mixture, mixing):
    student, teacher = models
    loss = make_loss(student, teacher, mixing)
    found = run(loss, student, teacher, speech, mixture)
    seen, taught = look(student, mixture), look(teacher, mixture)
    alone = torch.stack(
        [
            relative_distance(
                project(seen.features[pair.student]),
                taught.features[pair.teacher],
                torch.ones(2 * PAIRS),
            )
            for pair, project in zip(TAPS, loss.projections, strict=True)
        ]
    ).mean(0)
    quality = si_snr(speech.repeat(2, 1), seen.signal, LENGTHS)
    other = alone.roll(PAIRS)
    expected = 2 * alone + other - quality
    if mixing == 0.0:
        expected = alone + 2 * other - quality.roll(PAIRS)
    torch.testing.assert_close(found, expected)


def test_mixing_equal_halves_changes_nothing(models, speech, mixture):
    student, teacher = models
    same = mixture[:PAIRS].repeat(2, 1)
    loss = make_loss(student, teacher, 0.37)
    found = run(loss, student, teacher, speech, same)
    loss.mixing_weights = lambda count: torch.ones(count)
    torch.testing.assert_close(found, run(loss, student, teacher, speech, same))


def test_equal_models_start_with_equal_latents(speech, mixture):
    teacher = frozen(UNet(5))
    loss = make_loss(copy.deepcopy(teacher), teacher, 0.4, decoder_weight=0.0)
    found = run(loss, copy.deepcopy(teacher), teacher, speech, mixture)
    torch.testing.assert_close(found, torch.zeros(2 * PAIRS))
    assert run(loss, UNet(5), teacher, speech, mixture).min() > 0.1


@pytest.mark.parametrize("conf", [{}, {"decoder_weight": 0.0, "cross_weight": 1.0}])
def test_gradients_reach_only_student_and_projections(models, speech, mixture, conf):
    student, teacher = models
    loss = make_loss(student, teacher, 0.3, **conf)
    run(loss, student, teacher, speech, mixture).sum().backward()
    assert all(p.grad.abs().max() > 0 for p in loss.projections.parameters())
    untouched = () if conf == {} else ("decoder",)
    for name, parameter in student.named_parameters():
        reached = parameter.grad is not None and parameter.grad.abs().max() > 0
        assert reached != name.startswith(untouched), name
    assert all(p.grad is None for p in teacher.parameters())


def test_cross_term_by_hand(models, speech, mixture):
    student, teacher = models
    loss = make_loss(student, teacher, 0.3, decoder_weight=0.0, cross_weight=0.5)
    found = run(loss, student, teacher, speech, mixture)
    loss.cross_weight = 0.0
    latent = run(loss, student, teacher, speech, mixture)
    features = look(student, mixture).features
    code, middle = (
        0.3 * projected + 0.7 * projected.roll(PAIRS, 0)
        for pair, project in zip(TAPS, loss.projections, strict=True)
        for projected in [project(features[pair.student])[:, :, 0]]
    )
    quality = si_snr(speech.repeat(2, 1), teacher.decode(code, middle), LENGTHS)
    torch.testing.assert_close(found, latent - 0.5 * quality)


def test_gradient_check(models, speech, mixture):
    """Finite differences through the student, projections, mixing and both decoders."""
    student, teacher = models
    loss = make_loss(student, teacher, 0.3, cross_weight=0.5)
    with torch.no_grad():
        taught = look(teacher, mixture)
    names, values = zip(*student.named_parameters(), strict=True)

    def value(*weights):
        seen = observe(
            student,
            lambda: torch.func.functional_call(
                student, dict(zip(names, weights, strict=True)), (mixture,)
            ),
            [pair.student for pair in TAPS],
            {},
            "student",
        )
        return loss(seen, taught, speech.repeat(2, 1), LENGTHS).mean()

    assert torch.autograd.gradcheck(value, values, fast_mode=True)


def test_golden_distance():
    target = torch.tensor([2.0, 2.0, 1.0]).reshape(1, 1, 1, 3)
    guess = torch.tensor([1.0, 2.0, 3.0]).reshape(1, 1, 1, 3)
    assert relative_distance(guess, target, torch.tensor([1.0])).tolist() == pytest.approx([5 / 9])
    half = relative_distance(guess, target, torch.tensor([2 / 3]))
    assert half.tolist() == pytest.approx([1 / 8])


def test_distance_does_not_depend_on_shape_or_level():
    guess, target = torch.randn(2, 2, 4, 3, 5)
    expected = relative_distance(guess, target, torch.ones(2))
    larger = [values.repeat(1, 3, 2, 4) * 1e-3 for values in (guess, target)]
    torch.testing.assert_close(
        relative_distance(*larger, torch.ones(2)), expected, rtol=1e-5, atol=0
    )


def test_padding_does_not_count(models):
    """Garbage after valid frames and samples changes nothing, even with fewer teacher frames."""
    student, teacher = models
    lengths = torch.tensor([SAMPLES, SAMPLES // 2, SAMPLES // 4]).repeat(2)
    loss = make_loss(student, teacher, 0.3)
    frames = SAMPLES // STRIDE
    shapes = ((4, frames), (6, frames // 2))
    features = [[torch.randn(2 * PAIRS, c, 1, t) for _ in TAPS] for c, t in shapes]
    signal, reference = torch.randn(2, 2 * PAIRS, SAMPLES)
    reference = reference[:PAIRS].repeat(2, 1)

    def value(spoil):
        def observation(feature, taps):
            found = {tap: spoil(value.clone()) for tap, value in zip(taps, feature, strict=True)}
            decoded = Observation(spoil(signal.clone()), {}, lambda given: None)
            return Observation(spoil(signal.clone()), found, lambda given: decoded)

        seen, taught = (
            observation(feature, [getattr(pair, side) for pair in TAPS])
            for feature, side in zip(features, ("student", "teacher"), strict=True)
        )
        return loss(seen, taught, spoil(reference.clone()), lengths)

    def garbage(values):
        for row, length in enumerate(lengths):
            values[row, ..., int(length) * values.size(-1) // SAMPLES :] = 1e3
        return values

    clean, spoiled = value(lambda values: values), value(garbage)
    assert torch.isfinite(clean).all()
    torch.testing.assert_close(spoiled, clean)


def test_teacher_with_another_frame_rate(speech, mixture):
    student, teacher = UNet(4), frozen(UNet(6, stride=8))
    loss = make_loss(student, teacher, 0.3, cross_weight=1.0)
    found = run(loss, student, teacher, speech, mixture)
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert student.code[0].weight.grad.abs().max() > 0


def test_lambda_in_training_and_evaluation():
    loss = LatentMixupLoss(alpha=0.4)
    drawn = loss.mixing_weights(20000)
    assert drawn.mean().item() == pytest.approx(0.5, abs=0.01)
    assert drawn.var().item() == pytest.approx(1 / (4 * (2 * 0.4 + 1)), rel=0.03)
    torch.manual_seed(3)
    first = loss.mixing_weights(5)
    torch.manual_seed(3)
    assert torch.equal(loss.mixing_weights(5), first) and len(set(first.tolist())) == 5
    assert loss.eval().mixing_weights(3).tolist() == [0.5, 0.5, 0.5]


def test_evaluation_is_deterministic(models, speech, mixture):
    loss = make_loss(*models)
    first, second = (run(loss, *models, speech, mixture) for _ in range(2))
    assert not torch.equal(first, second)
    loss.eval()
    first, second = (run(loss, *models, speech, mixture) for _ in range(2))
    assert torch.equal(first, second)


def test_a_student_learns_from_it(models, speech, mixture):
    student, teacher = models
    loss = make_loss(student, teacher)
    before = run(loss.eval(), student, teacher, speech, mixture).mean()
    optimizer = torch.optim.Adam([*student.parameters(), *loss.parameters()], lr=1e-2)
    loss.train()
    for _ in range(150):
        optimizer.zero_grad()
        run(loss, student, teacher, speech, mixture).mean().backward()
        optimizer.step()
    after = run(loss.eval(), student, teacher, speech, mixture).mean()
    assert after < before - 5.0


def test_a_waveform_is_mixed_but_not_projected():
    loss = LatentMixupLoss()
    tap = Tap("encoder", "input", "bt")
    loss.pairs = [TapPair(tap, tap)]
    seen = Observation(torch.zeros(1, 9), {tap: torch.randn(1, 1, 1, 9)}, lambda given: None)
    loss.prepare(seen, seen)
    assert list(loss.parameters()) == []


def test_unequal_frequencies():
    loss = LatentMixupLoss()
    loss.pairs = [TapPair(Tap("a"), Tap("b"))]
    student = Observation(
        torch.zeros(1, 9), {Tap("a"): torch.zeros(1, 2, 5, 3)}, lambda given: None
    )
    teacher = Observation(
        torch.zeros(1, 9), {Tap("b"): torch.zeros(1, 2, 4, 3)}, lambda given: None
    )
    with pytest.raises(ValueError, match="'a' has 5 frequencies and the teacher's 'b' has 4"):
        loss.prepare(student, teacher)


@pytest.mark.parametrize("alpha", [0, -1.0, float("nan"), float("inf")])
def test_bad_alpha(alpha):
    with pytest.raises(ValueError, match=f"alpha is {alpha}"):
        LatentMixupLoss(alpha=alpha)


@pytest.mark.parametrize("name", ["decoder_weight", "cross_weight"])
def test_bad_weights(name):
    with pytest.raises(UserError, match=f"latent_mixup, {name}: weight is -1"):
        LatentMixupLoss(**{name: -1})
