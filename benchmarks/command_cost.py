"""What a command costs: time, and memory of all its processes together."""

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

EVERY = 0.1  # seconds between two looks at the memory
PROCESSES = Path("/proc")
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Cost:
    """Of one command.

    Attributes:
        seconds: from its start to its end.
        megabytes: the most that its processes held at once, in 10^6 bytes; a page that n of them
            share counts as 1/n of a page for each. As seen every `EVERY` seconds.
    """

    seconds: float
    megabytes: float


def cost_of(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], log: Path
) -> Cost:
    """Run a command and measure it; Linux only.

    Args:
        command: what to run.
        directory: in which.
        environment: added to that of this process.
        log: what it prints goes here.

    Raises:
        UserError: it failed.
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
        raise UserError(" ".join(command), f"ended with status {status} ({last})", "mend it")
    return Cost(seconds, peak / 1e6)


def session_bytes(leader: int) -> int:
    """Memory of all processes of a session, and of those they began, now; 0 if there are none."""
    total = 0
    for pid in session_processes(leader):
        # Processes end between one look and the next, and some are not ours.
        with contextlib.suppress(OSError):
            shares = _PSS.findall((PROCESSES / str(pid) / "smaps_rollup").read_bytes())
            total += sum(map(int, shares))
    return 1024 * total


def session_processes(leader: int) -> set[int]:
    """Processes of a session, and those they began in sessions of their own, as launchers do."""
    parents, members = {}, set()
    for pid in map(int, filter(str.isdigit, os.listdir(PROCESSES))):
        with contextlib.suppress(OSError):
            if os.getsid(pid) == leader:
                members.add(pid)
            # Behind the name of the program, which may hold anything, come state and parent.
            fields = (PROCESSES / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
            parents[pid] = int(fields[1])
    while more := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= more
    return members


@contextlib.contextmanager
def _session(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], out: BinaryIO
) -> Iterator[subprocess.Popen]:
    """A command in a session of its own, by which its processes are known; none is left behind."""
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
