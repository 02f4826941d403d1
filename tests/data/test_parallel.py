"""Applying a function to many items in several processes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from espnet_kd.data.parallel import AHEAD, parallel_map
from espnet_kd.errors import UserError


def square(number: int) -> int:
    if number == 7:
        raise UserError("numbers.txt", "value 7 is bad", "use 8")
    if number == 9:
        raise OSError(errno.ENOSPC, "full", "nine.wav")
    return number * number


@pytest.mark.parametrize("nj", [1, 2])
def test_results_keep_the_order_of_items(nj):
    assert list(parallel_map(square, range(7), nj, "squares")) == [0, 1, 4, 9, 16, 25, 36]


@pytest.mark.parametrize("nj", [1, 2])
def test_errors_reach_the_caller_unchanged(nj):
    with pytest.raises(UserError, match="^numbers.txt: value 7 is bad; use 8$"):
        list(parallel_map(square, range(9), nj, "squares"))
    with pytest.raises(OSError, match="full") as caught:
        list(parallel_map(square, [8, 9], nj, "squares"))
    assert caught.value.filename == "nine.wav"


def name_process(directory: str) -> None:
    Path(directory, str(os.getpid())).touch()
    time.sleep(60)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_processes_end_when_the_caller_is_killed(tmp_path):
    code = "import sys; from tests.data.test_parallel import *; "
    code += "list(parallel_map(name_process, 4 * sys.argv[1:], 2, 'naps'))"
    caller = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2]
    )
    try:
        assert wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    finally:
        caller.kill()
        caller.wait()
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert wait_until(lambda: not any(map(alive, pids)))


@pytest.mark.parametrize("nj", [1, 2])
def test_only_a_few_items_are_taken_ahead(nj):
    taken = []
    results = parallel_map(abs, (taken.append(n) or n for n in range(10_000)), nj, "n", chunk=5)
    assert next(results) == 0
    assert len(taken) <= 5 * (AHEAD * nj + 2)
    assert list(results) == list(range(1, 10_000))
