"""Sections of the results page."""

from __future__ import annotations

from benchmarks.sections import HEAD, put_section


def test_sections_are_added_or_replaced_in_place(tmp_path):
    page = tmp_path / "results" / "RESULTS.md"
    put_section(page, "Speed", "old\n\n### More\n\nfigures")
    put_section(page, "Speed, GPU", "fast")
    put_section(page, "Size", "small")
    assert page.read_text() == (
        f"{HEAD}\n## Speed\n\nold\n\n### More\n\nfigures\n\n## Speed, GPU\n\nfast\n\n"
        "## Size\n\nsmall\n"
    )
    put_section(page, "Speed", "new\n")
    put_section(page, "Size", "small")
    assert page.read_text() == (
        f"{HEAD}\n## Speed\n\nnew\n\n## Speed, GPU\n\nfast\n\n## Size\n\nsmall\n"
    )
    assert list(page.parent.iterdir()) == [page]
