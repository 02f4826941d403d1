from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.scoring.trn import character_tokens, trn_ids, trn_token, word_tokens, write_trn


def test_tokens():
    assert word_tokens(" A  BC ") == ["A", "BC"]
    assert character_tokens("A BC") == ["A", "<space>", "B", "C"]
    assert character_tokens("") == []


def test_removed_words_leave_no_space():
    assert word_tokens("<NOISE> A <NOISE> B", {"<NOISE>"}) == ["A", "B"]
    assert character_tokens("<NOISE> A <NOISE> B", {"<NOISE>"}) == ["A", "<space>", "B"]


def test_lines_of_a_trn_file(tmp_path):
    write_trn(tmp_path / "x", {"u2": [], "u1": ["A", "B"]}, {"u1": "F01-u1", "u2": "F02-u2"})
    assert (tmp_path / "x").read_text() == "A B\t(F01-u1)\n\t(F02-u2)\n"


@pytest.mark.parametrize("token", ["A", "A@B", "}", "A/B", "(A)", "<NOISE>", "Ä"])
def test_tokens_that_sclite_reads_as_they_are(token):
    assert trn_token(token) == token


@pytest.mark.parametrize(
    ("token", "written"),
    [("@", "\uff20"), ("A;B", "A\uff1bB"), ("A*", "A\uff0a"), ("{A", "\uff5bA"), ("\\", "\uff3c")],
)
def test_sclite_notation_is_written_in_full_width(token, written):
    assert trn_token(token) == written


@pytest.mark.brings(
    "scoring", "ids that differ only in case", "both are named: sclite confuses them"
)
@pytest.mark.brings("scoring", "ids with parentheses", "the id is named: sclite cannot read it")
@pytest.mark.parametrize(
    ("utt2spk", "message"),
    [
        ({"u1": "F01", "U1": "f01"}, "utt2spk: ids 'u1' and 'U1' differ only in case"),
        ({"u(1)": "F01"}, r"utt2spk: 'u\(1\)' of 'F01' has parentheses"),
    ],
)
def test_ids_that_sclite_cannot_read(utt2spk, message):
    with pytest.raises(UserError, match=message):
        trn_ids(utt2spk, "utt2spk")


def test_the_speaker_ends_at_the_first_hyphen():
    assert trn_ids({"a-b-1": "a-b"}, "utt2spk") == {"a-b-1": "a_b-a-b-1"}
