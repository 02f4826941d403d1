from __future__ import annotations

import json
import shutil

import pytest

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import (
    clean_set,
    parse_channels,
    to_rows,
    track_set,
    training_set,
)
from espnet_kd.errors import UserError


def test_channels_are_sorted_numbers():
    assert parse_channels("5 1 3") == [1, 3, 5]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0 1", "^--channels: contains 0: CH0 is a close-talk microphone"),
        ("1 7", "contains '7'"),
        ("one", "contains 'one'"),
        ("", "value '' is empty"),
        ("1 1", "value '1 1' .* repeats a channel"),
    ],
)
def test_invalid_channels(text, problem):
    with pytest.raises(UserError, match=problem):
        parse_channels(text)


def test_each_training_channel_except_ch0_is_an_utterance(chime4):
    utterances = list(training_set(Chime4Tree(chime4.root), "real", range(1, 7)))
    assert {u.channel for u in utterances} == {1, 2, 3, 4, 5, 6}
    assert utterances[0].id == "F02_022C0204_BUS.CH1_REAL"
    assert utterances[0].speaker == "F02"
    assert utterances[0].wav == chime4.isolated("tr05_bus_real", "F02_022C0204_BUS.CH1")


def test_the_track_takes_its_own_folder_and_the_channel_of_the_list(chime4):
    utterance = list(track_set(Chime4Tree(chime4.root), "et05", "simu"))[1]
    assert (utterance.id, utterance.channel) == ("F05_050C0101_CAF_SIMU", 5)
    assert utterance.wav.parts[-3:] == (
        "isolated_1ch_track",
        "et05_caf_simu",
        "F05_050C0101_CAF.wav",
    )


def test_the_track_can_be_built_from_its_list(chime4):
    shutil.rmtree(chime4.audio / "isolated_1ch_track")
    utterance = list(track_set(Chime4Tree(chime4.root), "et05", "real"))[2]
    assert utterance.wav == chime4.isolated("et05_ped_real", "F05_050C0101_PED.CH6")
    (chime4.data / "annotations/et05_real_1ch_track.list").unlink()
    with pytest.raises(UserError, match="isolated_1ch_track: is missing"):
        list(track_set(Chime4Tree(chime4.root), "et05", "real"))


def test_an_utterance_the_track_list_does_not_name(chime4):
    path = chime4.data / "annotations/et05_real_1ch_track.list"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(UserError, match="list: does not name utterance 'F05_050C0101_BUS'"):
        list(track_set(Chime4Tree(chime4.root), "et05", "real"))


def test_utterances_missing_from_a_partial_list(chime4):
    path = chime4.data / "annotations/et05_real_1ch_track.list"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    tree = Chime4Tree(chime4.root)
    found = list(track_set(tree, "et05", "real", allow_partial=True))
    assert [u.channel for u in found] == [None, 5, 6, 1] and found[0].wav.is_file()
    shutil.rmtree(chime4.audio / "isolated_1ch_track")
    found = list(track_set(tree, "et05", "real", allow_partial=True))
    assert [u.wav.is_file() for u in found] == [False, True, True, True]


def test_clean_sets(chime4):
    tree = Chime4Tree(chime4.root)
    (booth,) = clean_set(tree, "dt05_bth")
    assert (booth.id, booth.wav.name) == ("F01_050C0101_BTH_CLEAN", "F01_050C0101_BTH.CH5.wav")
    original = next(clean_set(tree, "tr05_org"))
    assert (original.id, original.wav.name) == ("011_011C0200_ORG_CLEAN", "011_011C0200_ORG.wav")


def test_sets_are_sorted_by_id_whatever_the_order_of_annotations(chime4):
    path = chime4.annotation("tr05_simu")
    path.write_text(json.dumps(json.loads(path.read_text())[::-1]))
    ids = [u.id for u in training_set(Chime4Tree(chime4.root), "simu", [1, 2])]
    assert len(ids) == 8 and ids == sorted(ids)


def test_rows_are_complete(chime4):
    utterances = list(clean_set(Chime4Tree(chime4.root), "tr05_org"))
    rows = list(to_rows(zip(utterances, [1, 2, 3, 4], strict=True)))
    assert rows[0] == (
        "011_011C0200_ORG_CLEAN",
        {
            "wav.scp": str(utterances[0].wav),
            "text": "STOCKS FELL SHARPLY",
            "utt2spk": "011",
            "utt2category": "CLEAN",
            "utt2num_samples": "1",
        },
    )
    assert [values["utt2num_samples"] for _, values in rows] == ["1", "2", "3", "4"]
    pairs = [(utterances[0], 1)]
    assert [v["spk1.scp"] for _, v in to_rows(pairs, ["/clean/a.flac"])] == ["/clean/a.flac"]
