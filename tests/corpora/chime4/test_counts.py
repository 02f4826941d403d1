from __future__ import annotations

from collections import Counter

from espnet_kd.corpora.chime4.counts import counts_table


def test_one_row_per_set_and_one_column_per_environment():
    table = counts_table(
        {"tr05": Counter(BUS=12, CAF=3), "bth": Counter(BTH=4)}, {"tr05": 1.5, "bth": 0.126}
    )
    assert table.splitlines() == [
        "set   BTH  BUS  CAF  all  hours",
        "tr05    -   12    3   15   1.50",
        "bth     4    -    -    4   0.13",
    ]
