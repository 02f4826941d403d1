"""Making and checking `spk2utt`."""

from __future__ import annotations

import pytest

from espnet_kd.data.speakers import holds_speakers, speaker_table

# "A-1" lies between two utterances of "A": one speaker's name begins with the other's.
UTT2SPK = "A+x A\nA-1x A-1\nA-1y A-1\nAx A\nB1 B\n"
SPK2UTT = b"A A+x Ax\nA-1 A-1x A-1y\nB B1\n"


@pytest.fixture
def utt2spk(tmp_path):
    path = tmp_path / "utt2spk"
    path.write_text(UTT2SPK)
    return path


def test_utterances_of_each_speaker_in_order(utt2spk):
    assert b"".join(speaker_table(utt2spk)) == SPK2UTT


def test_no_piece_is_longer_than_an_id(utt2spk):
    assert max(map(len, speaker_table(utt2spk))) == len(b" A-1x")


@pytest.mark.parametrize(
    ("content", "same"),
    [
        (SPK2UTT, True),
        (SPK2UTT[:-1], False),
        (SPK2UTT + b"C C1\n", False),
        (SPK2UTT.replace(b"Ax", b"Ay"), False),
        (b"", False),
    ],
)
def test_whether_spk2utt_agrees_with_utt2spk(utt2spk, content, same):
    path = utt2spk.with_name("spk2utt")
    path.write_bytes(content)
    assert holds_speakers(path, utt2spk) == same
