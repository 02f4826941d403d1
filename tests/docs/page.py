"""The code blocks of a page: files to write, and commands with what they print."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"# ([\w/]+\.(?:py|yaml))\n")
FILES, COMMANDS = ("python", "yaml"), "console"


@dataclass
class Command:
    """A line of a console block behind `$`, and the lines that the page shows below it."""

    words: list[str]
    shown: list[str] = field(default_factory=list)


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
            commands.append(Command(shlex.split(line[2:])))
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
