"""Read the code blocks of a page: files to write, and commands with their output."""

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
    """A command after `$` in a console block, and the output that the page shows below it."""

    text: str
    shown: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """The words of the command, as a shell splits them."""
        return shlex.split(self.text)


@dataclass
class Outcome:
    """The exit status and output of a command."""

    command: Command
    status: int
    output: str


@dataclass
class Page:
    """The files and commands of a page."""

    files: dict[str, str]
    commands: list[Command]


def read_page(path: Path) -> Page:
    """Read the files and commands of a page, in order.

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
    """Return whether a line of a page is a line of the output.

    Numbers with a decimal point may differ; `...` matches anything.
    """
    parts = re.split(r"(\d+\.\d+|\.\.\.)", line)
    kinds = {"...": ".*"}
    pattern = "".join(
        re.escape(part) if index % 2 == 0 else kinds.get(part, r"\d+\.\d+")
        for index, part in enumerate(parts)
    )
    return re.search(f"^{pattern}$", output, re.MULTILINE) is not None


def faults(outcomes: Iterable[Outcome]) -> list[str]:
    """Describe the commands that did not do what the page shows.

    A command must print every line shown, and fail if and only if the page shows an error.
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
    """Return the links of a page to files or headings that do not exist; web links are skipped."""
    found = re.findall(r"\]\(((?!https?:)[^)#]*)(?:#([^)]+))?\)", path.read_text(encoding="utf-8"))
    dead = []
    for target, anchor in found:
        file = path.parent / target if target else path
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(f"{target}#{anchor}" if anchor else target)
    return dead


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
