"""The table in docs/robustness.md, from the tests marked `brings`.

    @pytest.mark.brings("audio", "a FLAC that does not say its length", "its samples are counted")

A test may have several marks. To write the page: python -m tests.robustness
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "robustness.md"
START, END = "<!-- rows: python -m tests.robustness -->\n", "<!-- end of rows -->\n"
AREAS = {  # title of each table, in the order of the page
    "audio": "Audio files",
    "lists": "Lists and directories",
    "text": "Transcripts",
    "training": "Trainings",
    "scoring": "Scoring and decoding",
    "again": "Running again",
}


def rows() -> list[tuple[str, str, str, str]]:
    """Return area, what a user brings, what happens, and the test of each mark."""
    found = []
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                test = f"{path.relative_to(TESTS.parent).as_posix()}::{node.name}"
                found += [(*words, test) for words in _marks(node)]
    return found


def _marks(function: ast.FunctionDef) -> Iterator[tuple[str, str, str]]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.brings":
            area, brings, happens = (ast.literal_eval(word) for word in decorator.args)
            yield area, brings, happens


def tables() -> str:
    """Return the tables of the page."""
    lines = []
    marks = rows()
    for area, title in AREAS.items():
        lines += [f"## {title}", "", "| input | what happens |", "|---|---|"]
        lines += [
            f"| {brings} | [{happens}](../{test.partition('::')[0]}) |"
            for kind, brings, happens, test in marks
            if kind == area
        ]
        lines.append("")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the page with its tables made anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    return before + START + "\n" + tables() + END + after


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
