"""Calibration of a recognizer's gradient."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.distill.calibration import calibration


def linear(signal: torch.Tensor, *rows: list[float]) -> torch.Tensor:
    """Return a (B,) loss whose gradient is the given rows."""
    return (signal * torch.tensor(rows)).sum(1)


def test_golden_values():
    """Opposing, orthogonal, agreeing gradients: g_a = (2, 0), g_m = (-3, 1), (0, 5), (4, 1)."""
    signal = torch.zeros(3, 2, requires_grad=True)
    kept = linear(signal, *[[2.0, 0.0]] * 3)
    calibrated = linear(signal, [-3.0, 1.0], [0.0, 5.0], [4.0, 1.0])
    found = calibration(signal, [(1.0, kept)], [(1.0, calibrated)])
    assert found.tolist() == [1.5, 0.0, 0.0]
    assert not found.requires_grad
    # Weights count: g_a = 2 (2, 0), g_m = 0.5 (-3, 1).
    found = calibration(signal, [(2.0, kept)], [(0.5, calibrated)])
    assert found.tolist() == [0.375, 0.0, 0.0]


def test_nothing_works_against_the_kept_losses_anymore():
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(4, 50, generator=generator, requires_grad=True)
    target = torch.randn(4, 50, generator=generator)
    kept = (signal - target).square().sum(1)
    calibrated = -3 * (signal - 0.8 * target).square().sum(1) + signal.abs().sum(1)
    raised = calibration(signal, [(1.0, kept)], [(1.0, calibrated)])
    assert (raised > 0).all()
    (own,) = torch.autograd.grad(kept.sum(), signal, retain_graph=True)
    total = calibrated.sum() + ((1 + raised) * kept).sum()
    (gradient,) = torch.autograd.grad(total, signal)
    torch.testing.assert_close((gradient * own).sum(1), own.square().sum(1), rtol=1e-4, atol=0)


@pytest.mark.parametrize("which", ["kept", "calibrated", "silent"])
def test_nothing_to_calibrate(which):
    signal = torch.zeros(2, 3, requires_grad=True)
    weight = torch.zeros((), requires_grad=True)
    loss = [(1.0, linear(signal, [1.0, 1, 1], [1.0, 1, 1]))]
    elsewhere = [(1.0, weight * torch.ones(2))]  # does not depend on the signal
    kept, calibrated = {
        "kept": ([], loss),
        "calibrated": (loss, []),
        "silent": (elsewhere, loss),
    }[which]
    assert calibration(signal, kept, calibrated).tolist() == [0.0, 0.0]
