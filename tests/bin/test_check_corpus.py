"""The command check_corpus."""

from __future__ import annotations

import pytest

from espnet_kd.bin.check_corpus import main
from espnet_kd.corpora.chime4.expected import CHIME4


def test_a_mismatch_stops_with_one_line_after_the_table(chime4, capsys):
    with pytest.raises(SystemExit) as caught:
        main([str(chime4.root)])
    line = caught.value.code
    assert line.startswith(
        f"error: {chime4.data}: tr05_simu BUS: 1 utterances annotated, 1728 expected; "
    )
    assert line.endswith(
        " more, see above; restore the corpus, or continue with what is there: --allow_partial true"
    )
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"{chime4.data}: compared with the published counts of CHiME-4"
    sums = [line.split()[2] for line in printed if " ALL " in line]
    assert sums == ["7138", "1600", "1640", "1640", "1320", "1320"]
    reported = [line for line in printed if line.startswith("mismatch: ")]
    assert f"; {len(reported) - 1} more" in line
    assert {line.split()[1] for line in reported} >= {f"{name}" for name in CHIME4.utterances}


def test_a_partial_corpus_may_be_used(chime4, capsys):
    main([str(chime4.root), "--allow_partial", "true"])
    assert "mismatch: dt05_bth BTH: 1 utterances annotated, 410 expected" in (
        capsys.readouterr().out
    )


def test_a_wrong_root_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match=f"^error: {tmp_path}: is not a CHiME-4 corpus"):
        main([str(tmp_path)])
