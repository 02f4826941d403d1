"""Interleaved timing, on a clock that only the timed work moves."""

from __future__ import annotations

import time

import pytest
import torch

from benchmarks.timing import interleaved_seconds, ratio_of


class Clock:
    """A clock, and work that moves it by known durations."""

    def __init__(self):
        self.now = 0.0
        self.done: list[str] = []

    def work(self, name: str, *seconds: float):
        durations = iter(seconds)

        def run():
            self.done.append(name)
            self.now += next(durations)

        return run


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return clock


def test_works_take_turns_and_warm_up(clock):
    works = {"a": clock.work("a", 50, 1, 2, 3), "b": clock.work("b", 70, 10, 20, 30)}
    times = interleaved_seconds(works, rounds=3)
    assert clock.done == ["a", "b"] * 4
    assert times == {"a": [1, 2, 3], "b": [10, 20, 30]}


def test_rehearsals_are_not_timed(clock):
    works = {"a": clock.work("a", 50, 1), "b": clock.work("b", 70, 10)}
    times = interleaved_seconds(works, rounds=1, warmups=0, rehearse=True)
    assert clock.done == ["a", "a", "b", "b"]
    assert times == {"a": [1], "b": [10]}


def test_timing_waits_for_the_gpu(clock, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", clock.work("wait", 100, 5, 100, 5))
    works = {"a": clock.work("a", 1), "b": clock.work("b", 2)}
    assert interleaved_seconds(works, rounds=1, warmups=0) == {"a": [6], "b": [7]}
    assert clock.done == ["wait", "a", "wait", "wait", "b", "wait"]


def test_ratio_is_that_of_the_medians():
    ratio = ratio_of([1, 8, 9], [1, 2, 9])  # per round: 1, 4, 1
    assert (ratio.value, ratio.low, ratio.high) == (4, 1, 4)
    assert str(ratio) == "4.00 [1.00, 4.00]"


def test_numbers_of_rounds_must_agree():
    with pytest.raises(ValueError, match="zip"):
        ratio_of([1, 2], [1])
