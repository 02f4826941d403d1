"""The command line of Kaldi's run.pl: `[options] [JOB=1:N] LOG COMMAND ARGUMENT...`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from espnet_kd.errors import UserError

# Options without a value; every other option of run.pl or queue.pl takes one.
FLAGS = ("-V",)
JOB_RANGE = re.compile(r"([A-Za-z_]\w*)=(\d+)(?::(\d+))?")


@dataclass(frozen=True)
class Request:
    """What one call of the launcher asks for.

    Attributes:
        name: variable that stands for the job's number, e.g. `JOB`; empty for a single job.
        numbers: job numbers.
        log: path of the log, which contains `name` if there are several jobs.
        command: the command and its arguments, which contain `name` where jobs differ.
        max_jobs_run: how many jobs may run at once; 0 means all.
    """

    name: str
    numbers: range
    log: str
    command: tuple[str, ...]
    max_jobs_run: int = 0

    def log_of(self, number: int) -> str:
        """Return the log path of job `number`."""
        return self._substitute(self.log, number)

    def shell_line_of(self, number: int) -> str:
        """Return the Bash command line of job `number`."""
        return " ".join(_shell_word(self._substitute(word, number)) for word in self.command)

    def _substitute(self, text: str, number: int) -> str:
        return text.replace(self.name, str(number)) if self.name else text


def parse_request(arguments: list[str]) -> Request:
    """Parse run.pl's arguments; options meant for a queue (memory, GPUs, ...) are ignored.

    Raises:
        UserError: the log or the command is missing, the job range is bad, or all jobs would write
            the same log.
    """
    words = list(arguments)
    max_jobs_run = 0
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in FLAGS:
            continue
        if not words:
            raise UserError(option, "has no value", "give one after a space")
        value = words.pop(0)
        if option.replace("-", "_") == "__max_jobs_run":
            if not value.isdigit() or int(value) < 1:
                raise UserError(option, f"'{value}' is not a number of jobs", "give 1 or more")
            max_jobs_run = int(value)

    name, numbers = "", range(1, 2)
    if words and (match := JOB_RANGE.fullmatch(words[0])):
        name, first, last = match[1], int(match[2]), int(match[3] or match[2])
        if last < first:
            raise UserError(words[0], "is an empty range of jobs", "write it as JOB=1:4")
        numbers = range(first, last + 1)
        words.pop(0)
    if len(words) < 2:
        raise UserError("run_jobs", "needs a log and a command", "see --help")
    log, *command = words
    if len(numbers) > 1 and name not in log:
        raise UserError(log, f"does not contain '{name}': all jobs would write it", f"add {name}")
    return Request(name, numbers, log, tuple(command), max_jobs_run)


def _shell_word(word: str) -> str:
    """Quote a word as run.pl does: words without white space go to Bash unchanged (`|`, `>`)."""
    if word and not re.search(r"\s", word):
        return word
    return f"'{word}'" if '"' in word else f'"{word}"'
