"""Reading and writing while a model computes."""

from __future__ import annotations

import threading
import time

import pytest

from espnet_kd.errors import UserError
from espnet_kd.inference.overlap import overlapped


def test_results_come_in_order():
    def read(item):
        time.sleep(0.01 if item % 2 else 0)
        return 10 * item

    results = overlapped(range(9), read, lambda x: x + 1, lambda item, x: (item, x))
    assert list(results) == [(item, 10 * item + 1) for item in range(9)]
    assert list(overlapped([], read, read, print)) == []


def test_the_next_item_is_read_and_the_last_one_written_during_compute():
    """Each computation waits for both; without other threads it would wait forever."""
    was_read = [threading.Event() for _ in range(5)]
    was_written = [threading.Event() for _ in range(5)]

    def read(item):
        was_read[item].set()
        return item

    def compute(item):
        if item < 4:
            assert was_read[item + 1].wait(5)
        if item > 0:
            assert was_written[item - 1].wait(5)
        return item

    list(overlapped(range(5), read, compute, lambda item, _: was_written[item].set()))


@pytest.mark.parametrize("slow", ["read", "compute", "write", "caller"])
def test_memory_is_bounded_whatever_is_slow(slow):
    lock, alive, most = threading.Lock(), 0, 0

    def count(change):
        nonlocal alive, most
        with lock:
            alive += change
            most = max(most, alive)

    def step(name, change=0):
        count(max(change, 0))
        time.sleep(0.01 if name == slow else 0)
        count(min(change, 0))

    results = overlapped(
        range(30),
        lambda item: step("read", 1),
        lambda loaded: step("compute"),
        lambda item, computed: step("write", -1),
        ahead=3,
    )
    for _ in results:
        step("caller")
    assert alive == 0
    assert most <= 3 + 1 + 3


@pytest.mark.parametrize("where", ["read", "compute", "write"])
def test_an_error_is_raised_and_computed_items_are_written(where):
    written = []

    def fail(name, item):
        if name == where and item == 5:
            raise UserError("a.wav", "is bad", "fix it")
        return item

    def write(item, _):
        fail("write", item)
        written.append(item)

    with pytest.raises(UserError, match=r"^a\.wav: is bad; fix it$"):
        list(overlapped(range(20), lambda i: fail("read", i), lambda i: fail("compute", i), write))
    assert set(range(5)) <= set(written)
    assert max(written) <= 5 + 3
