"""The code blocks of a page: files to write, and commands with what they print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"# ([\w/]+\.(?:py|yaml))\n")
FILES, COMMANDS = ("python", "yaml"), "console"


@dataclass
class Command:
    """A line of a console block behind `$`, and the lines that the page shows below it."""

    text: str
    shown: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """The line as a shell splits it."""
        return shlex.split(self.text)


@dataclass
class Outcome:
    """What a command of a page did."""

    command: Command
    status: int
    output: str


@dataclass
class Page:
    """What a page tells its reader to do; a block that is neither is refused."""

    files: dict[str, str]
    commands: list[Command]


def read_page(path: Path) -> Page:
    """Read files and commands of a page, in order.

    Raises:
        ValueError: a block is neither a named file nor a console.
    """
    page = Page({}, [])
    for language, content in BLOCK.findall(path.read_text(encoding="utf-8")):
        name = NAME.match(content)
        if language in FILES and name is not None and name[1] not in page.files:
            page.files[name[1]] = content
        elif language == COMMANDS and content.startswith("$ "):
            page.commands += _read_console(content)
        else:
            raise ValueError(f"{path}: what is this block?\n{content}")
    return page


def _read_console(content: str) -> list[Command]:
    commands: list[Command] = []
    for line in content.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            commands.append(Command(line[2:]))
        else:
            commands[-1].shown.append(line)
    return commands


def is_shown(line: str, output: str) -> bool:
    """Whether a line of a page is one of the output.

    Numbers with a point may differ; `...` stands for anything.
    """
    parts = re.split(r"(\d+\.\d+|\.\.\.)", line)
    kinds = {"...": ".*"}
    pattern = "".join(
        re.escape(part) if index % 2 == 0 else kinds.get(part, r"\d+\.\d+")
        for index, part in enumerate(parts)
    )
    return re.search(f"^{pattern}$", output, re.MULTILINE) is not None


def faults(outcomes: Iterable[Outcome]) -> list[str]:
    """What a page tells otherwise than it was.

    A command fails if, and only if, the page shows an error, and prints every line shown.
    """
    wrong = []
    for outcome in outcomes:
        shown = outcome.command.shown
        missing = [line for line in shown if not is_shown(line, outcome.output)]
        if missing or (outcome.status != 0) != any("error: " in line for line in shown):
            told = f"$ {outcome.command.text}\n{outcome.output[-2000:]}"
            wrong.append(f"{told}status {outcome.status}, not shown: {missing}")
    return wrong


def dead_links(path: Path) -> list[str]:
    """Links of a page to files that are not there."""
    targets = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
    return [target for target in targets if not (path.parent / target).exists()]
