"""Cost of a command: its time, and the memory of all its processes."""

from __future__ import annotations

import os
import sys
import time

import pytest

from benchmarks.command_cost import cost_of, session_bytes
from espnet_kd.errors import UserError

# Two processes hold 60 MB each, and share 50 MB that the parent had before the fork.
TWO_PROCESSES = """
import os, time
shared = b"x" * 50_000_000
child = os.fork()
own = b"y" * 60_000_000
time.sleep(0.6)
if child:
    os.wait()
"""

# A launcher, which starts its job in a new session.
LAUNCHER = """
import os, time
if os.fork():
    os.wait()
else:
    os.setsid()
    job = b"x" * 80_000_000
    time.sleep(0.4)
"""


def test_memory_of_all_processes_counts_shared_pages_once(tmp_path):
    cost = cost_of([sys.executable, "-c", TWO_PROCESSES], tmp_path, {}, tmp_path / "log")
    assert 170 < cost.megabytes < 210
    assert 0.6 < cost.seconds < 10


def test_memory_includes_jobs_of_a_launcher(tmp_path):
    command = [sys.executable, "-c", LAUNCHER]
    assert 70 < cost_of(command, tmp_path, {}, tmp_path / "log").megabytes < 150


def test_directory_environment_and_log(tmp_path):
    command = ["sh", "-c", "pwd; echo $COLOR >&2"]
    cost_of(command, tmp_path, {"COLOR": "blue"}, tmp_path / "log")
    assert (tmp_path / "log").read_text() == f"{tmp_path}\nblue\n"


def test_failure_shows_the_last_line_of_output(tmp_path):
    with pytest.raises(UserError, match=r"status 3 \(no such corpus\)"):
        command = ["sh", "-c", "echo start; echo no such corpus; exit 3"]
        cost_of(command, tmp_path, {}, tmp_path / "log")


def test_no_process_is_left_running(tmp_path):
    cost_of(["sh", "-c", "sleep 60 & echo $! > pid"], tmp_path, {}, tmp_path / "log")
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while session_bytes_of(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not session_bytes_of(pid)


def session_bytes_of(pid: int) -> int:
    """Return the memory of a process's session; 0 once the process has ended."""
    try:
        return session_bytes(os.getsid(pid))
    except ProcessLookupError:
        return 0
