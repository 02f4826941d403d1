from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.report.pseudo_table import pseudo_table

HEADER = "utterance\tmixture_dbfs\testimate_dbfs\tenergy_ratio_db\tseconds\n"


def test_excluded_utterances_are_only_counted(tmp_path):
    lines = ["a\t-20\t-21\t-1.0\t1800\n", "b\t-20\t-23\t-3.0\t1800\n", "c\t-20\tnan\tnan\t9999\n"]
    (tmp_path / "table.tsv").write_text(HEADER + "".join(lines))
    (tmp_path / "excluded.tsv").write_text("utterance\treason\nc\tsilent\n")
    row = pseudo_table([str(tmp_path)]).splitlines()[-1]
    assert row == f"| {tmp_path.name} | 2 | 1 | 1.00 | -2.0 | -2.9 | -1.1 |"


def test_missing_tables(tmp_path):
    with pytest.raises(UserError, match=r"excluded.tsv: does not exist"):
        pseudo_table([str(tmp_path)])
