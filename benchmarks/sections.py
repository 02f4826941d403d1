"""Write the page of results, on which every benchmark has a section of its own."""

from __future__ import annotations

import os
import re
from pathlib import Path

from espnet_kd.fileio import write_text

HEAD = "# Benchmarks\n\n`make bench` writes this page.\n"


def put_section(page: str | os.PathLike, title: str, body: str) -> None:
    """Write a section to a page atomically, in place of the section of the same title if any.

    Args:
        page: Markdown file, created if it does not exist.
        title: title of the section.
        body: text of the section, without headings of the first two levels.
    """
    path = Path(page)
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    head, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    heading = f"## {title}\n"
    new = f"{heading}\n{body.strip()}\n"
    titles = [section.partition("\n")[0] + "\n" for section in sections]
    if heading in titles:
        sections[titles.index(heading)] = new
    else:
        sections.append(new)
    write_text(path, "\n\n".join(part.strip() for part in (head, *sections)) + "\n")
