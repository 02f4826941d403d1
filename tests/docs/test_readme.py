"""README.md and the index of the documentation: short, in order, without dead links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .page import dead_links

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("README.md", "CONTRIBUTING.md", "docs/README.md", "docs/design.md", "docs/files.md")
PAGES += ("docs/install.md", "docs/methods.md", "egs2/mini_chime4/enh_kd1/README.md")


def test_the_readme_is_short_and_in_order():
    assert len(README.splitlines()) <= 150
    assert re.findall(r"^## (.*)$", README, re.MULTILINE) == [
        "Try it",
        "Two commands",
        "What comes out",
        "On CHiME-4",
        "On your own data",
        "In your own recipe",
        "Methods",
        "Citing",
    ]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    assert dead_links(ROOT / page) == []


def test_the_index_lists_every_page():
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert not [name for name in pages if f"]({name})" not in index]


def test_methods_are_those_of_the_yaml_files():
    found = {path.stem for path in (ROOT / "conf/kd").glob("*.yaml")} - {"student", "none"}
    others = ("gtcrn_", "dccrn_")  # of streaming.md, and the controls of at_kl
    files = {name for name in found if not name.startswith(others)}
    for page in (README, (ROOT / "docs/methods.md").read_text(encoding="utf-8")):
        rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert files <= named and named - files <= {"none"}


def test_numbers_of_the_readme_are_those_of_the_results():
    """The table of the README repeats cells of RESULTS.md."""
    results = (ROOT / "egs2/mini_chime4/enh_kd1/RESULTS.md").read_text(encoding="utf-8")
    table = re.search(r"(?:^\|.*\n)+", README[README.index("| SE model |") :], re.MULTILINE)[0]
    cells = re.findall(r"-?\d+\.\d+ \[[^]]*\]", table)
    assert len(cells) > 10
    assert [cell for cell in cells if cell not in results] == []
