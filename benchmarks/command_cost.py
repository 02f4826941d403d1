"""Measure what a command costs: its time, and the memory of all its processes together."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from espnet_kd.errors import UserError

EVERY = 0.1  # seconds between two readings of the memory
PROCESSES = Path("/proc")
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Cost:
    """The cost of one command.

    Attributes:
        seconds: from its start to its end.
        megabytes: peak memory of all its processes together, in 10^6 bytes, read every `EVERY`
            seconds; a page that n processes share counts as 1/n of a page for each.
    """

    seconds: float
    megabytes: float


def cost_of(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], log: Path
) -> Cost:
    """Run a command and measure its cost (Linux only).

    Args:
        command: what to run.
        directory: working directory of the command.
        environment: variables added to those of this process.
        log: file for what the command prints.

    Raises:
        UserError: the command failed.
    """
    peak = 0
    start = time.perf_counter()
    with log.open("wb") as out, _session(command, directory, environment, out) as process:
        while process.poll() is None:
            peak = max(peak, session_bytes(process.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(EVERY)
        seconds = time.perf_counter() - start
    status = process.returncode
    if status:
        last = log.read_text(errors="replace").strip().rpartition("\n")[2]
        raise UserError(" ".join(command), f"ended with status {status} ({last})", "fix it")
    return Cost(seconds, peak / 1e6)


def session_bytes(leader: int) -> int:
    """Return the current memory of a session's processes and their descendants; 0 if none run."""
    total = 0
    for pid in session_processes(leader):
        # A process may have ended by now, or belong to another user.
        with contextlib.suppress(OSError):
            shares = _PSS.findall((PROCESSES / str(pid) / "smaps_rollup").read_bytes())
            total += sum(map(int, shares))
    return 1024 * total


def session_processes(leader: int) -> set[int]:
    """Return a session's processes and their descendants, which launchers put in new sessions."""
    parents, members = {}, set()
    for pid in map(int, filter(str.isdigit, os.listdir(PROCESSES))):
        with contextlib.suppress(OSError):
            if os.getsid(pid) == leader:
                members.add(pid)
            # State and parent follow the program's name, which may hold any character.
            fields = (PROCESSES / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
            parents[pid] = int(fields[1])
    while more := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= more
    return members


@contextlib.contextmanager
def _session(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], out: BinaryIO
) -> Iterator[subprocess.Popen]:
    """Run a command in a session of its own, and kill all its processes at the end."""
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, **environment},
        stdout=out,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for pid in session_processes(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
