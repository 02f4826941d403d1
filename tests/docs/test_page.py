"""Reading pages: every block is read or rejected, and lines are compared with the output."""

from __future__ import annotations

import pytest

from .page import dead_links, is_shown, read_page

PAGE = """Text.
```python
# a/b.py
x = 1
```
```console
$ python -m one --name 'a b' \\
    --more
first
$ python two.py
```
"""


def test_read(tmp_path):
    (tmp_path / "page.md").write_text(PAGE)
    page = read_page(tmp_path / "page.md")
    assert page.files == {"a/b.py": "# a/b.py\nx = 1\n"}
    found = [(command.words, command.shown) for command in page.commands]
    one = ["python", "-m", "one", "--name", "a b", "--more"]
    assert found == [(one, ["first"]), (["python", "two.py"], [])]


@pytest.mark.parametrize(
    "block", ["python\nx = 1", "sh\nls", "console\nls", "\nx", "python\n# a/b.py\n"]
)
def test_bad_blocks(tmp_path, block):
    """No file name, unknown language, no `$`, no language, a file name that is used twice."""
    (tmp_path / "page.md").write_text(f"{PAGE}```{block}\n```\n")
    with pytest.raises(ValueError, match="what is this block"):
        read_page(tmp_path / "page.md")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("error: a.b is (1, 2)", True),
        ("error: a.b", False),
        ("is (1, 2)", False),
        ("error: aXb is (1, 2)", False),
        ("...loss=1.25, ...", True),
        ("...loss=1, ...", False),
    ],
)
def test_is_shown(line, shown):
    assert is_shown(line, "before\nerror: a.b is (1, 2)\n[x] loss=0.317, time=2\n") is shown


def test_dead_links_are_found(tmp_path):
    (tmp_path / "other.md").write_text("# A title: of `two` parts\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md) [b](other.md#a-title-of-two-parts) [c](#here) [d](https://example.org)\n"
        "[e](gone.md) [f](other.md#gone) [g](#gone)\n## Here\n"
    )
    assert dead_links(page) == ["gone.md", "other.md#gone", "#gone"]
