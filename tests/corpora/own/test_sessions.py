"""Channels of a session in your own corpora."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from espnet_kd.corpora.own.recordings import read_directory
from espnet_kd.errors import UserError


@pytest.fixture
def session(own):
    """Two more channels of the real training recording; the last one is nearly silent."""
    own.columns.append("session")
    for row in own.rows:
        row.append("street" if row[1] == "bob-train" else "")
    wave = soundfile.read(own.root / "audio/train_street.wav")[0]
    for name, gain in (("bob-train2", 0.5), ("bob-train3", 0.01)):
        own.audio(f"audio/{name}.wav", gain * wave)
        own.add("train", name, "bob", f"{name}.wav", "")
        own.rows[-1].append("street")
    return own


def test_channels_of_a_session_are_listed(session, capsys):
    session.run()
    audio = session.root / "audio"
    found = (session.root / "data/train_real/channels.scp").read_text().splitlines()
    street, second, third = (
        audio / f"{n}.wav" for n in ("train_street", "bob-train2", "bob-train3")
    )
    assert found == [
        f"bob-train2_REAL {second}\t{street}",
        f"bob-train3_REAL {third}",
        f"bob-train_REAL {street}\t{second}",
    ]
    assert "bob-train3_REAL is not combined with other channels: 40.0 dB below" in (
        capsys.readouterr().out
    )
    assert not (session.root / "data/test_real/channels.scp").exists()
    for row in session.rows:
        row[-1] = ""
    session.run()
    assert not (session.root / "data/train_real/channels.scp").exists(), "of an earlier run"


def test_sessions_of_a_directory(own):
    directory = own.root / "kaldi"
    directory.mkdir()
    for file, value in (
        ("wav.scp", own.root / "audio/train_a.wav"),
        ("text", "x"),
        ("utt2spk", "k"),
    ):
        (directory / file).write_text(f"k1 {value}\nk2 {value}\n")
    (directory / "utt2session").write_text("k1 s\nk2 s\n")
    assert [r.session for r in read_directory(f"REAL:train:{directory}")] == ["s", "s"]
    (directory / "utt2session").write_text("k1 s\n")
    with pytest.raises(UserError, match="utt2session: differs from wav.scp in 'k2'"):
        list(read_directory(f"REAL:train:{directory}"))


@pytest.mark.parametrize(("column", "value"), [("text", "anders"), ("speaker", "ann")])
def test_a_session_with_different_texts_or_speakers(session, column, value):
    session.edit("bob-train3", column, value)
    error = session.error()
    assert f"{session.table}, line " in error
    assert f"but its {column} differs; correct the session or the {column}" in error
    assert f": is in session 'street' with {session.table}, line " in error


def test_a_session_with_different_lengths(session):
    session.audio("audio/bob-train2.wav", np.full(799, 0.1))
    with pytest.raises(SystemExit) as caught:
        session.run()
    assert "has 800 samples, but " in caught.value.code
    assert "of the same session 'street', has 799; cut the channels" in caught.value.code
    assert not (session.root / "data/train_real").exists()
