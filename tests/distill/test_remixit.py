"""RemixIT: values by hand, order of the noises, invariances, padding, gradient, bad settings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from espnet_kd.distill.distiller import observe
from espnet_kd.distill.gain import match_gain
from espnet_kd.distill.remixit import RemixITLoss, exchange
from espnet_kd.distill.taps import Tap, TapPair

from .signals import noise

WAVE = TapPair(Tap("input", layout="bt"), Tap("input", layout="bt"))
LENGTHS = torch.tensor([64, 64, 64])


class Filter(nn.Module):
    """A model of one convolution, (B, L) to (B, L), with a module that returns its input."""

    def __init__(self, seed: int):
        super().__init__()
        self.input = nn.Identity()
        taps = torch.randn(3, generator=torch.Generator().manual_seed(seed), dtype=torch.double)
        self.weight = nn.Parameter(taps)

    def forward(self, mixture):
        wave = self.input(mixture)[:, None]
        return nn.functional.conv1d(wave, self.weight.view(1, 1, 3), padding=1)[:, 0]


def look(model, mixture, lengths=None):
    """Observe a model; with lengths, its signal gets the level of the mixture, as a teacher's."""

    def run():
        signal = model(mixture)
        return signal if lengths is None else match_gain(signal, mixture, lengths)

    return observe(model, run, [WAVE.student], {}, "student")


def make_loss(student, teacher, **conf) -> RemixITLoss:
    loss = RemixITLoss(**conf)
    loss.pairs = (WAVE,)
    probe = noise(1, 64, dtype=torch.double)
    loss.prepare(look(student, probe), look(teacher, probe))
    return loss


def run(loss, student, teacher, mixture, lengths=LENGTHS) -> torch.Tensor:
    with torch.no_grad():
        taught = look(teacher, mixture, lengths)
    return loss(look(student, mixture), taught, None, lengths)


@pytest.fixture
def models():
    return Filter(0), Filter(1)


@pytest.fixture
def mixture():
    return noise(3, 64, dtype=torch.double)


def ratio(target: np.ndarray, estimate: np.ndarray) -> float:
    """Compute the SI-SNR of zero-mean signals."""
    target, estimate = target - target.mean(), estimate - estimate.mean()
    projection = target * (estimate @ target) / (target @ target)
    return 10 * np.log10(np.sum(projection**2) / np.sum((estimate - projection) ** 2))


def by_hand(student, teacher, mixtures, order) -> list[float]:
    """Remix and compute the loss one utterance at a time."""

    def enhance(model, wave):
        return np.correlate(np.pad(wave, 1), model.weight.detach().numpy(), mode="valid")

    speech = []
    for wave in mixtures:
        estimate = enhance(teacher, wave)
        speech.append(estimate * (estimate @ wave) / (estimate @ estimate))
    result = []
    for place, other in enumerate(order):
        n = mixtures[other] - speech[other]
        remixed = speech[place] + n
        s_hat = enhance(student, remixed)
        s_hat = s_hat * (s_hat @ remixed) / (s_hat @ s_hat)
        ratios = ratio(speech[place], s_hat), ratio(n, remixed - s_hat)
        result.append(sum(0.5 * np.clip(-value, -30, 30) for value in ratios))
    return result


def test_values_by_hand(models, mixture):
    loss = make_loss(*models).eval()
    found = run(loss, *models, mixture).tolist()
    assert found == pytest.approx(by_hand(*models, mixture.numpy(), [2, 0, 1]), rel=1e-4)
    loss.train()
    loss.order = lambda count: torch.tensor([1, 2, 0])
    found = run(loss, *models, mixture).tolist()
    assert found == pytest.approx(by_hand(*models, mixture.numpy(), [1, 2, 0]), rel=1e-4)


def test_each_ratio_is_limited_to_30_db(mixture):
    """A student that copies a clean mixture is perfect, and has no noise to find."""
    copy = Filter(0)
    with torch.no_grad():
        copy.weight.copy_(torch.tensor([0.0, 1.0, 0.0]))
    loss = make_loss(copy, Filter(1)).eval()
    found = run(loss, copy, copy, mixture)
    torch.testing.assert_close(found, torch.zeros(3, dtype=torch.double))  # -30 and +30


def test_no_utterance_keeps_its_noise(models):
    torch.manual_seed(0)
    loss = make_loss(*models)
    orders = [loss.order(5) for _ in range(100)]
    assert all(sorted(order.tolist()) == list(range(5)) for order in orders)
    assert not any((order == torch.arange(5)).any() for order in orders)
    assert len({tuple(order.tolist()) for order in orders}) > 10
    assert loss.order(1).tolist() == [0]
    published = make_loss(*models, derange=False)
    assert any((published.order(5) == torch.arange(5)).any() for _ in range(100))
    assert loss.eval().order(3).tolist() == [2, 0, 1]


def test_a_short_noise_is_repeated():
    noises = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 0.0, 0.0, 0.0]])
    found = exchange(noises, torch.tensor([5, 2]), torch.tensor([1, 0]))
    assert found.tolist() == [[6.0, 7.0, 6.0, 7.0, 6.0], [1.0, 2.0, 0.0, 0.0, 0.0]]


def test_scale_of_the_student_does_not_matter(models, mixture):
    student, teacher = models
    loss = make_loss(*models).eval()
    value = run(loss, *models, mixture)
    with torch.no_grad():
        student.weight *= -7
    torch.testing.assert_close(run(loss, *models, mixture), value)


def test_padding_does_not_count(models, mixture):
    """A filter sees one sample after the end, so compare with zeros there."""
    lengths = torch.tensor([64, 40, 50])
    loss = make_loss(*models).eval()
    values = []
    for garbage in (0.0, 1e3):
        spoiled = mixture.clone()
        spoiled[1, 41:], spoiled[2, 51:] = garbage, garbage
        spoiled[1, 40] = spoiled[2, 50] = 0.0
        values.append(run(loss, *models, spoiled, lengths))
    torch.testing.assert_close(*values)


def test_gradient(models, mixture):
    student, teacher = models
    loss = make_loss(*models).eval()
    weight = student.weight.detach().clone().requires_grad_()

    def value(weight):
        del student.weight
        student.weight = weight
        return run(loss, student, teacher, mixture)

    del student._parameters["weight"]
    student.weight = weight
    assert torch.autograd.gradcheck(value, (weight,))
    value(weight).sum().backward()
    assert teacher.weight.grad is None


def test_neither_text_nor_references():
    assert not RemixITLoss.needs_reference and RemixITLoss.needs_teacher
    assert RemixITLoss.least_utterances == 2


def test_a_tap_elsewhere(models):
    loss = RemixITLoss()
    loss.pairs = (WAVE, WAVE)
    seen = look(models[0], noise(1, 64, dtype=torch.double))
    with pytest.raises(ValueError, match="needs one tap, at the waveform; for ESPnet's models"):
        loss.prepare(seen, seen)
