"""Rows and table of the comparison with stock ESPnet."""

from __future__ import annotations

import pytest

from benchmarks.speed_table import Row, Target, memory_row, speed_table, time_row


@pytest.mark.parametrize(
    ("target", "share", "met"),
    [
        (None, 0.9, None),
        (Target(2.0), None, True),
        (Target(2.1), None, False),
        (Target(2.0, share=0.75), 0.8, True),
        (Target(2.0, share=0.75), 0.7, False),
    ],
)
def test_a_target_is_met_by_ratio_and_share(target, share, met):
    row = time_row("work", [4.0, 6.0, 5.0], [2.0, 2.5, 3.0], target, share)
    assert (row.stock, row.ours, row.ratio) == ("5 s", "2.5 s", "2.00 [1.67, 2.40]")
    assert row.met is met


def test_table():
    rows = [
        time_row("step", [4.26], [2.13], Target(1.8, share=0.75), 0.6),
        memory_row("memory", 900.4, 450.2),
        memory_row("unknown", None, None),
        Row("attempts", "3", "0", target="0", met=True),
    ]
    assert speed_table(rows).splitlines()[2:] == [
        "| step | 4.26 s | 2.13 s | 2.00 | 1.8x, 75% of the peak | **no** | 60% |",
        "| memory | 900 MB | 450 MB | 2.00 | – | – | – |",
        "| unknown | – | – | – | – | – | – |",
        "| attempts | 3 | 0 | – | 0 | yes | – |",
    ]
