"""The commands join_sets and split_hypotheses."""

from __future__ import annotations

import pytest

from espnet_kd.bin import join_sets, split_hypotheses
from espnet_kd.data.kaldi_dir import read_set, write_set
from espnet_kd.fileio import read_columns, write_columns

IDS = ("F01_a_REAL", "F01_b_REAL", "M02_c_REAL")


@pytest.fixture
def source(tmp_path):
    """Write a set directory of three utterances."""
    tables = {
        "wav.scp": {utt: f"/noisy/{utt}.wav" for utt in IDS},
        "text": {utt: f"WORDS OF {utt[4].upper()}" for utt in IDS},
        "utt2spk": {utt: utt[:3] for utt in IDS},
        "utt2category": dict.fromkeys(IDS, "REAL"),
        "utt2num_samples": dict.fromkeys(IDS, "800"),
    }
    write_set(tmp_path / "et05_real", tables)
    return tmp_path / "et05_real"


def test_round_trip(source, tmp_path, capsys):
    enhanced = tmp_path / "student.scp"
    write_columns(enhanced, {utt: f"/enhanced/{utt}.wav" for utt in IDS})
    parts = ["--part", f"noisy,{source}", "--part", f"student,{source},{enhanced}"]
    join_sets.main([*parts, "--out", str(tmp_path / "joint"), "--splits", "2"])
    assert "6 utterances of 2 parts" in capsys.readouterr().out
    joint = read_set(tmp_path / "joint")
    assert joint["wav.scp"]["student.et05_real.M02_c_REAL"] == "/enhanced/M02_c_REAL.wav"

    files = []
    for number in (1, 2):
        keys = read_columns(tmp_path / "joint" / f"keys.{number}.scp")
        files.append(str(tmp_path / f"recognized.{number}"))
        write_columns(files[-1], {key: f"{key[:5]} {joint['text'][key]}" for key in keys})
    split_hypotheses.main(["--hyp", *files, "--out", str(tmp_path / "out")])
    for system in ("noisy", "student"):
        text = read_columns(tmp_path / "out" / system / "et05_real" / "text")
        assert text == {utt: f"{system[:5]} WORDS OF {utt[4].upper()}" for utt in IDS}


@pytest.mark.parametrize("part", ["noisy", "noisy,", "noisy,a,b,c"])
def test_a_malformed_part_is_one_line_and_writes_nothing(tmp_path, part):
    with pytest.raises(SystemExit) as stop:
        join_sets.main(["--part", part, "--out", str(tmp_path / "joint")])
    expected = f"error: --part: '{part}' is not SYSTEM,SET_DIR[,WAV_SCP]; use this form"
    assert stop.value.code == expected
    assert not (tmp_path / "joint").exists()


def test_text_that_is_not_from_a_joint_set_is_an_error(tmp_path):
    write_columns(tmp_path / "recognized", {"F01_a_REAL": "WORDS"})
    with pytest.raises(SystemExit) as stop:
        split_hypotheses.main(
            ["--hyp", str(tmp_path / "recognized"), "--out", str(tmp_path / "out")]
        )
    assert f"{tmp_path}/recognized: id 'F01_a_REAL' is not <system>." in stop.value.code
    assert not (tmp_path / "out").exists()
