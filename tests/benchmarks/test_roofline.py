"""Operations and bytes of a step, peaks of the machine, and the resulting limit."""

from __future__ import annotations

import pytest
import torch

from benchmarks import roofline
from benchmarks.roofline import (
    Demand,
    Limit,
    Peak,
    demand_of,
    limit_table,
    matrix_peak,
    memory_peak,
    time_shares,
)

WIDE, NARROW, FRAMES = 48, 16, 100


class Step:
    """Two convolutions of kernel size 1; forward takes 4 * WIDE * NARROW * FRAMES operations."""

    def __init__(self):
        self.model = torch.nn.Sequential(
            torch.nn.Conv1d(NARROW, WIDE, 1, bias=False),
            torch.nn.ReLU(),
            torch.nn.Conv1d(WIDE, NARROW, 1, bias=False),
        )
        self.batch = {"input": torch.randn(1, NARROW, FRAMES)}

    def losses(self):
        yield self.model(**self.batch).square().mean()

    def __call__(self):
        for loss in self.losses():
            loss.backward()


def test_operations_and_bytes_of_a_step():
    demand = demand_of(Step())
    assert demand.flops == 3 * 4 * WIDE * NARROW * FRAMES
    narrow, wide, weight = 4 * NARROW * FRAMES, 4 * WIDE * FRAMES, 4 * WIDE * NARROW
    forward = 2 * (narrow + weight + wide)
    # Backward reads gradient, input and weight, and writes gradients of weight and input.
    last = narrow + wide + weight + weight + wide
    first = wide + narrow + weight + weight
    assert demand.product_bytes == forward + last + first
    assert demand.all_bytes > demand.product_bytes + 2 * wide  # ReLU and its gradient


def test_views_move_nothing():
    with roofline._Traffic() as traffic:
        torch.ones(8).view(2, 4).t()
    assert traffic.total == 8 * 4


def test_peak_keeps_the_best(monkeypatch):
    seconds = iter([4.0, 2.0, 5.0, 8.0, 1.0, 9.0])
    monkeypatch.setattr(roofline, "seconds_of", lambda work: next(seconds))
    peak = Peak([lambda: None], 100)
    peak()
    assert peak.rate == 50
    peak()
    assert peak.rate == 100


def test_peaks_of_this_machine(monkeypatch):
    monkeypatch.setitem(roofline.MATRIX, "cpu", 64)
    monkeypatch.setattr(roofline, "COPIED", 2**20)
    multiply, copy = matrix_peak(torch.bfloat16, "cpu"), memory_peak("cpu")
    assert (multiply.amount, copy.amount) == (2 * 64**3, 2**21)
    for peak in (multiply, copy):
        peak()
        assert 0 < peak.seconds < 1


@pytest.mark.parametrize(
    ("half", "flops", "bandwidth", "least"),
    [(False, 100, 10, 8.0), (False, 100, 1e9, 3.0), (True, 100, 10, 4.0), (True, 200, 1e9, 1.5)],
)
def test_limit(half, flops, bandwidth, least):
    limit = Limit("a", Demand(300, 80, 500), half, flops, bandwidth, 6.0, (0.5, 0.25))
    assert limit.least_seconds == least
    assert limit.peak_share == pytest.approx(300 / 6 / flops)


def test_table():
    demand = Demand(329e9, 5.4e9, 60e9)
    limit = Limit("step", demand, True, 400e9, 36e9, 1.5, (0.5, 0.25))
    assert limit_table([limit]).splitlines()[-1] == (
        "| step | 329 | 2.70 | 60.00 | 400 | 36 | 0.823 | 1.500 | 50% | 25% |"
    )


def test_shares_of_time():
    one = torch.randn(400, 400)
    products, compiled = time_shares(lambda: [one @ one for _ in range(20)], "cpu")
    assert 0.5 < products <= 1
    assert compiled == 0
