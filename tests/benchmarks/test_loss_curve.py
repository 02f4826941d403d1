"""Loss of short trainings in single and half precision."""

from __future__ import annotations

import pytest
import torch

from benchmarks import loss_curve
from benchmarks.loss_curve import CONFIG, Curves, curve_section, measure_curves, speech_like, train


def test_batches_depend_on_the_seed_alone():
    first, again, other = (next(speech_like(seed)) for seed in (0, 0, 1))
    assert torch.equal(first["speech_mix"], again["speech_mix"])
    assert not torch.equal(first["speech_mix"], other["speech_mix"])
    batches = speech_like(0)
    assert not torch.equal(next(batches)["speech_mix"], next(batches)["speech_mix"])


def test_noise_is_below_speech():
    batch = next(speech_like(0))
    speech = batch["speech_ref1"]
    noise = batch["speech_mix"] - speech
    ratio = 10 * torch.log10(speech.square().sum(1) / noise.square().sum(1))
    assert ((ratio > -0.5) & (ratio < 10.5)).all()
    assert speech.abs().max() < 1


def test_training_lowers_the_loss(monkeypatch):
    monkeypatch.setattr(loss_curve, "LAST", 3)
    early, late = (train(CONFIG, 0, None, "cpu", steps) for steps in (3, 30))
    assert late < early - 1


def test_one_training_is_in_half_precision(monkeypatch):
    seen = []
    monkeypatch.setattr(
        loss_curve, "train", lambda _, seed, dtype, *__: seen.append((seed, dtype)) or seed / 10
    )
    curves = measure_curves("cpu")
    assert seen == [(0, None), (1, None), (2, None), (0, "bfloat16")]
    assert curves.noise == pytest.approx(0.2) and curves.difference == 0


@pytest.mark.parametrize(("half", "met"), [(-9.9, "yes"), (-10.3, "yes"), (-9.6, "**no**")])
def test_verdict(half, met):
    section = curve_section(Curves({0: -10.0, 1: -10.3, 2: -10.1}, half))
    assert f"| bfloat16, seed 0 | {half:.3f} | {half + 10:+.3f} | {met} |" in section
    assert "| float32, seed 1 | -10.300 | -0.300 | – |" in section
