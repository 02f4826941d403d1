"""A page of results on which every benchmark keeps a section of its own."""

from __future__ import annotations

import os
import re
from pathlib import Path

from espnet_kd.fileio import write_text

HEAD = "# Benchmarks\n\nWritten by `make bench`, as measured.\n"


def put_section(page: str | os.PathLike, title: str, body: str) -> None:
    """Write a section into a page atomically; one of the same title is replaced where it stands.

    Args:
        page: Markdown file; it is made if absent.
        title: of the section.
        body: without headings of the first and second level.
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
