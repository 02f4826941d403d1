"""docs/robustness.md is made from the tests."""

from __future__ import annotations

from .. import robustness


def test_the_page_has_a_row_for_each_mark():
    assert robustness.page() == robustness.PAGE.read_text(encoding="utf-8"), (
        "write it again: python -m tests.robustness"
    )


def test_every_mark_has_a_table_and_its_own_words():
    rows = robustness.rows()
    assert {area for area, *_ in rows} <= set(robustness.AREAS)
    inputs = [brings for _, brings, _, _ in rows]
    assert len(inputs) == len(set(inputs))
