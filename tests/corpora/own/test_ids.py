"""Ids and speakers of your own corpora."""

from __future__ import annotations

import subprocess

import pytest


def kaldi_sorted(utt2spk):
    """Return whether Kaldi's utils/validate_data_dir.sh calls the file sorted."""
    check = 'export LC_ALL=C; sort -c "$0" && sort -k2 "$0" | cmp - "$0"'
    return subprocess.run(["bash", "-c", check, utt2spk], capture_output=True).returncode == 0


@pytest.mark.brings("lists", "speakers p1 and p10 with ids p1_a and p10_a", "ids get the speaker")
@pytest.mark.parametrize("where", ["train_a train_b", "train_a bob-train", "train_a test_a"])
def test_ids_that_do_not_sort_like_their_speakers(own, where, capsys):
    for name, speaker in zip(where.split(), ("p1", "p10"), strict=True):
        own.edit(name, "speaker", speaker)
        own.edit(name, "id", f"{speaker}_001")
    own.run()
    sets = list((own.root / "data").iterdir())
    assert all(kaldi_sorted(directory / "utt2spk") for directory in sets)
    ids = [line.split()[0] for d in sets for line in (d / "utt2spk").read_text().splitlines()]
    assert any(i.startswith("p1-p1_001_") for i in ids)
    assert any(i.startswith("p10-p10_001_") for i in ids)
    assert sum(i.startswith("bob-") for i in ids) == 3 - ("bob" in where), "kept where right"
    assert "put the speaker before each id, because 'p10_001_" in capsys.readouterr().out


@pytest.mark.brings("lists", "a speaker named like another one and '-'", "both ids in one line")
def test_speakers_that_no_id_can_sort_like(own):
    for name, speaker, new in (("train_a", "p1", "p1-z"), ("train_b", "p1-a", "p1-a-b")):
        own.edit(name, "speaker", speaker)
        own.edit(name, "id", new)
    assert "id 'p1-z_SIMU' of speaker 'p1' sorts after 'p1-a-b_SIMU' of 'p1-a'" in own.error()


@pytest.mark.brings("lists", "ESPnet's copies at other speeds (sp0.9-)", "leave the copies out")
@pytest.mark.parametrize("column", ["id", "speaker"])
def test_copies_at_other_speeds(own, column):
    own.edit("train_a", column, "sp0.9-x")
    assert f"line 2: {column} 'sp0.9-x' is that of a copy at another speed" in own.error()
    own.edit("sp0.9-x" if column == "id" else "train_a", column, "sp1-x")
    own.run()


@pytest.mark.brings(
    "lists", "ids of a valid or test part that differ only in case", "both are named in stage 1"
)
def test_ids_that_sclite_confuses(own):
    own.edit("test_b", "id", "TEST_A")
    line = own.error()
    assert "line 10: id 'ann-test_a_SIMU' differs only in case from 'ann-TEST_A_SIMU' (" in line
    assert line.endswith("line 11), which sclite ignores; rename one")


@pytest.mark.brings("lists", "an id too long for the name of a file", "its line, and the limit")
@pytest.mark.parametrize("column", ["id", "speaker"])
def test_a_long_id(own, column):
    own.edit("test_b", column, "ä" * 46)
    assert f"line 11: {column} '{'ä' * 46}' has 92 bytes, more than 90; shorten" in own.error()
