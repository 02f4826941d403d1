"""Run jobs on this machine, each with its own log: the local counterpart of a cluster's queue."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.jobs.command_line import Request
from espnet_kd.jobs.status import StatusLine

POLL_SECONDS = 0.1
GRACE_SECONDS = 5.0
TAIL_LINES = 15


class JobFailed(Exception):
    """At least one job failed; the message says how many and shows the end of one log."""


@dataclass
class _Running:
    number: int
    log: Path
    process: subprocess.Popen
    started: float


def run_jobs(request: Request) -> None:
    """Run all jobs of a request and wait for them.

    The jobs are stopped when this process receives SIGINT, SIGTERM or SIGHUP (a lost connection;
    ignored under nohup), and when the process that called it ends, so that no job keeps writing
    the files of a recipe that was killed.

    Raises:
        JobFailed: a job ended with a code other than 0; the other jobs still ran to their end.
    """
    waiting = deque(request.numbers)
    limit = request.max_jobs_run or len(waiting)
    running: list[_Running] = []
    failed: list[Path] = []
    parent = os.getppid()
    asked = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        asked.append(signal.SIGHUP)
    previous = {number: signal.signal(number, _interrupt) for number in asked}
    status = StatusLine(len(waiting))
    try:
        while waiting or running:
            while waiting and len(running) < limit:
                running.append(_start(request, waiting.popleft()))
            if os.getppid() != parent:
                raise KeyboardInterrupt
            ended = [job for job in running if job.process.poll() is not None]
            for job in ended:
                running.remove(job)
                status.done += 1
                if _finish(job) != 0:
                    failed.append(job.log)
            if not ended:
                status.show(running[0].log)
                time.sleep(POLL_SECONDS)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        _stop(running)
        status.close()
    if failed:
        raise JobFailed(_report(failed, len(request.numbers)))


def _start(request: Request, number: int) -> _Running:
    log = Path(request.log_of(number))
    log.parent.mkdir(parents=True, exist_ok=True)
    line = request.shell_line_of(number)
    log.write_text(f"# {line}\n# Started at {time.ctime()}\n#\n", encoding="utf-8")
    with log.open("ab") as out:
        # Its own session, so that the job and its children can be stopped together.
        process = subprocess.Popen(
            ["bash", "-c", f"set -o pipefail; {line}"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return _Running(number, log, process, time.monotonic())


def _finish(job: _Running) -> int:
    code = job.process.returncode
    seconds = round(time.monotonic() - job.started)
    with job.log.open("a", encoding="utf-8") as log:
        print(f"# Accounting: time={seconds} threads=1", file=log)
        print(f"# Ended (code {code}) at {time.ctime()}, elapsed time {seconds} seconds", file=log)
    return code


def _stop(running: list[_Running]) -> None:
    for job in running:
        _signal_group(job.process, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    for job in running:
        try:
            job.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal_group(job.process, signal.SIGKILL)
            job.process.wait()
        _finish(job)


def _signal_group(process: subprocess.Popen, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _interrupt(*_) -> None:
    raise KeyboardInterrupt


def _report(failed: list[Path], total: int) -> str:
    # Without the lines of `_finish`: the last line of the job says what went wrong.
    text = failed[0].read_text(encoding="utf-8", errors="replace")
    lines = text.rpartition("# Accounting: ")[0].rstrip().splitlines()
    tail = "\n".join(lines[-TAIL_LINES:])
    return f"{len(failed)} of {total} jobs failed; the end of {failed[0]}:\n{tail}"
