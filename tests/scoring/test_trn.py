from __future__ import annotations

from espnet_kd.scoring.trn import character_tokens, word_tokens, write_trn


def test_tokens():
    assert word_tokens(" A  BC ") == ["A", "BC"]
    assert character_tokens("A BC") == ["A", "<space>", "B", "C"]
    assert character_tokens("") == []


def test_removed_words_leave_no_space():
    assert word_tokens("<NOISE> A <NOISE> B", {"<NOISE>"}) == ["A", "B"]
    assert character_tokens("<NOISE> A <NOISE> B", {"<NOISE>"}) == ["A", "<space>", "B"]


def test_lines_of_a_trn_file(tmp_path):
    write_trn(tmp_path / "x", {"u2": [], "u1": ["A", "B"]}, {"u1": "F01", "u2": "F02"})
    assert (tmp_path / "x").read_text() == "A B\t(F01-u1)\n\t(F02-u2)\n"
