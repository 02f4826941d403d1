"""Progress of the jobs, shown as the newest line of a running job's log."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

LOG_END_BYTES = 4096
PLAIN_WIDTH = 160


class StatusLine:
    """A progress line on stderr: updated in place on a terminal, else printed now and then.

    Args:
        total: number of jobs.
        every: seconds between two lines when stderr is not a terminal.
    """

    def __init__(self, total: int, every: float = 60.0):
        self.total = total
        self.done = 0
        self._terminal = sys.stderr.isatty()
        self._every = 1.0 if self._terminal else every
        self._start = self._last = time.monotonic()

    def show(self, log: Path) -> None:
        """Show the newest line of `log`, if enough time has passed since the last one."""
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        count = f" {self.done}/{self.total}" if self.total > 1 else ""
        text = f"  {log.name}{count} ({now - self._start:.0f} s): {newest_line(log)}"
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r{text[:width]:<{width}}")
        else:
            sys.stderr.write(f"{text[:PLAIN_WIDTH]}\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Clear the line on a terminal."""
        if self._terminal:
            sys.stderr.write(f"\r{'':<{shutil.get_terminal_size().columns - 1}}\r")


def newest_line(log: Path) -> str:
    """Return the last non-empty line of a file being written, or a progress bar's last state."""
    with log.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_END_BYTES))
        lines = file.read().decode(errors="replace").replace("\r", "\n").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
