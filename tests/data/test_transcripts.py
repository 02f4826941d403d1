"""Transcripts as users bring them."""

from __future__ import annotations

import pytest

from espnet_kd.data.transcripts import Transcripts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" A\u00a0B\u3000 C\t", "A B C"),
        ("A\u200bB \ufeffC \u00adD", "AB C D"),
        ("CAFE\u0301", "CAFÉ"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u200b", ""),
    ],
)
def test_only_words_remain(text, words):
    assert Transcripts().words(text) == words


def test_changes_are_counted(capsys):
    cleaned = Transcripts()
    assert [cleaned.cell(c) for c in ('"A ""B"""', ' "C" ', '"D" E', '"D', "D")] == [
        *('A "B"', "C", '"D" E', '"D', "D"),
    ]
    for text in ("A\u200bB\u200b", "C\u200b\u00ad", "CAFE\u0301", "D"):
        cleaned.words(text)
    cleaned.report("t.tsv")
    assert capsys.readouterr().out.splitlines() == [
        "t.tsv: removed the quotes around 2 cells",
        "t.tsv: removed U+00AD SOFT HYPHEN from 1 transcripts, not a sound",
        "t.tsv: removed U+200B ZERO WIDTH SPACE from 2 transcripts, not a sound",
        "t.tsv: composed letters and accents in 1 transcripts (NFC)",
    ]


def test_nothing_is_said_if_nothing_changed(capsys):
    cleaned = Transcripts()
    cleaned.words("A  B")
    cleaned.report("t.tsv")
    assert capsys.readouterr().out == ""
