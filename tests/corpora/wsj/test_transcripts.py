from __future__ import annotations

import pytest

from espnet_kd.corpora.wsj.transcripts import (
    WSJ_LINES,
    clean_transcript,
    normalize,
    read_transcripts,
)
from espnet_kd.errors import UserError


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("stocks fell", "STOCKS FELL"),
        ("S.\\&L. bank", "S.&L. BANK"),
        ("TEN %PERCENT", "TEN PERCENT"),
        ("TWO .POINT FIVE", "TWO POINT FIVE"),
        ("A [<DOOR_SLAM] B", "A B"),
        ("A [DOOR_SLAM>] B", "A B"),
        ("A [DOOR_SLAM/] B", "A B"),
        ("A [/DOOR_SLAM] B", "A B"),
        ("A ~ B", "A B"),
        ("A . B", "A B"),
        ("A [LOUD_BREATH] B", "A <NOISE> B"),
        ("A DOOR[COUGH] B", "A <NOISE> B"),
        ("A DOOR[RING/] B", "A B"),
        ("A DOOR[/RING] B", "A B"),
        ("A <WORD> B", "A WORD B"),
        ("A <NO-ONE'S> B", "A NO-ONE'S B"),
        ("A <*MR.*> B", "A *MR.* B"),
        ("A --DASH B", "A -DASH B"),
        ('SAID ,COMMA "DOUBLE-QUOTE YES .PERIOD', 'SAID ,COMMA "DOUBLE-QUOTE YES .PERIOD'),
        ("A <NOISE> B", "A <NOISE> B"),
        ("  A   B ", "A B"),
    ],
)
def test_each_rule(raw, expected):
    assert normalize(raw) == expected
    assert normalize(expected) == expected, "a second pass changes nothing"


def test_words_that_only_resemble_the_rules_are_kept():
    assert normalize("MR. %PERCENTAGE .POINTS") == "MR. %PERCENTAGE .POINTS"


@pytest.mark.parametrize("raw", ["", "  ", "~ .", "[<NOISE]"])
def test_an_empty_transcript_names_the_utterance(raw):
    with pytest.raises(UserError, match=r"^x\.json: transcript of 'F01_A_BUS' is empty"):
        clean_transcript(raw, "F01_A_BUS", "x.json")


@pytest.mark.parametrize(("raw", "name"), [("CAFÉ", "É"), ("ROOM 12", "1"), ("A\u00a0B@", "@")])
def test_an_unknown_character_is_named(raw, name):
    with pytest.raises(UserError, match=f"'F01_A_BUS' has the unknown character '{name}'"):
        clean_transcript(raw, "F01_A_BUS", "x.json")


def test_both_layouts_of_transcription_files(tmp_path):
    path = tmp_path / "dt05_real.trn_all"
    path.write_text("A (B CAT (F01_050C0101_BUS)\nF01_050C0102_CAF  A DOG (PAREN\n\n")
    assert read_transcripts(path) == {
        "F01_050C0101_BUS": "A (B CAT",
        "F01_050C0102_CAF": "A DOG (PAREN",
    }


def test_wsj_lines_end_with_the_utterance(tmp_path):
    path = tmp_path / "011c0200.dot"
    path.write_text("COMPANY A FELL (011c0201)\n(PAREN SO (011c0202)\n")
    assert read_transcripts(path, WSJ_LINES) == {
        "011c0201": "COMPANY A FELL",
        "011c0202": "(PAREN SO",
    }
    path.write_text("BUSINESS ROSE\n")  # the first word is as long as an utterance name
    with pytest.raises(UserError, match="line 'BUSINESS ROSE' names no utterance"):
        read_transcripts(path, WSJ_LINES)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A (F01_050C0101_BUS)\nB (F01_050C0101_BUS)\n", "'F01_050C0101_BUS' appears twice"),
        ("JUST WORDS\n", "line 'JUST WORDS' names no utterance"),
    ],
)
def test_a_malformed_transcription_file(tmp_path, text, problem):
    path = tmp_path / "dt05_real.dot_all"
    path.write_text(text)
    with pytest.raises(UserError, match=problem):
        read_transcripts(path)
