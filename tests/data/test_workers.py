"""Worker processes that die in native code."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

import pytest

from espnet_kd.data.parallel import parallel_map
from espnet_kd.data.workers import Death, guarded_map
from espnet_kd.errors import UserError


def fragile(item: tuple[int, str]) -> int:
    number, way = item
    if way == "segfault":
        ctypes.string_at(0)
    if way == "exit":
        ctypes.CDLL(None)._exit(3)
    if way == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "raise":
        raise OSError(28, "full", "nine.wav")
    if way.startswith("once:") and not Path(way[5:]).exists():
        Path(way[5:]).touch()
        os.abort()
    return number * number


def lost(item: tuple[int, str], death: Death) -> str:
    return f"{item[0]}: {death}"


@pytest.mark.parametrize("nj", [1, 2, 5])
def test_only_the_item_that_kills_its_process_is_lost(nj):
    items = [
        (number, {3: "segfault", 4: "exit", 8: "segfault"}.get(number, "")) for number in range(10)
    ]
    results = list(parallel_map(fragile, items, nj, "squares", lost=lost))
    expected: list[object] = [number * number for number in range(10)]
    expected[3], expected[4] = "3: signal 11, segmentation fault", "4: exit status 3"
    expected[8] = "8: signal 11, segmentation fault"
    assert results == expected


def test_a_victim_of_an_earlier_item_is_not_lost(tmp_path):
    """Damaged memory may end the process only in a later item."""
    items = [(1, ""), (2, f"once:{tmp_path}/dead"), (3, "")]
    assert list(parallel_map(fragile, items, 1, "squares", lost=lost)) == [1, 4, 9]


def test_a_process_killed_from_outside_is_an_error():
    items = [(1, ""), (2, "kill")]
    with pytest.raises(UserError) as caught:
        list(parallel_map(fragile, items, 1, "squares", lost=lost))
    assert str(caught.value) == (
        "squares: a process died (signal 9, killed) while it worked on '(2, 'kill')'; "
        "if memory ran out, use fewer jobs (--nj), and run again"
    )


@pytest.mark.brings(
    "lists",
    "a file that crashes a library while several processes read a list",
    "one line names the entry",
)
def test_a_crash_in_a_pool_names_the_item():
    items = [(number, {70: "segfault"}.get(number, "")) for number in range(100)]
    results = parallel_map(fragile, items, 2, "squares", chunk=3)
    found = []
    with pytest.raises(UserError, match=r"^squares: a process died .* on '\(70, 'segfault'\)'"):
        found += results
    assert found == [] or found == [n * n for n in range(70)]


def test_a_crash_that_does_not_come_again_costs_nothing(tmp_path):
    items = [(number, {30: f"once:{tmp_path}/dead"}.get(number, "")) for number in range(100)]
    results = list(parallel_map(fragile, items, 2, "squares", chunk=3))
    assert results == [number * number for number in range(100)]


def test_errors_reach_the_caller_unchanged():
    with pytest.raises(OSError, match="full") as caught:
        list(guarded_map(fragile, [(1, ""), (2, "raise")], 2))
    assert caught.value.filename == "nine.wav"


def test_few_items_are_taken_ahead():
    taken = []
    results = guarded_map(fragile, ((taken.append(n) or n, "") for n in range(1000)), 2)
    assert next(results) == ((0, ""), 0)
    assert len(taken) <= 20
    assert [result for _, result in results] == [n * n for n in range(1, 1000)]
