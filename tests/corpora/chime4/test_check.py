from __future__ import annotations

import shutil

import pytest

from espnet_kd.corpora.chime4.check import check
from espnet_kd.corpora.chime4.expected import ALL, Expected
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.errors import UserError

EACH = {"BUS": 1, "CAF": 1, "PED": 1, "STR": 1}
# Counts of the hand-made tree.
COUNTS = {
    "tr05_simu": EACH,
    "tr05_real": {ALL: 2},
    "dt05_simu": EACH,
    "dt05_real": EACH,
    "et05_simu": EACH,
    "et05_real": EACH,
    "tr05_org": {"ORG": 4},
    "dt05_bth": {"BTH": 1},
    "et05_bth": {"BTH": 1},
}
TRACKS = ("dt05_simu", "dt05_real", "et05_simu", "et05_real")


def checked(chime4, utterances=None, words=12):
    expected = Expected({**COUNTS, **(utterances or {})}, 24, None, dict.fromkeys(TRACKS, words))
    return check(Chime4Tree(chime4.root), expected)


def test_a_whole_corpus(chime4):
    report = checked(chime4)
    assert report.problems == []
    assert [" ".join(line.split()) for line in report.table().splitlines()][:9] == [
        "set environment expected annotated CH1 CH2 CH3 CH4 CH5 CH6 single",
        "tr05_simu BUS 1 1 1 1 1 1 1 1 -",
        "tr05_simu CAF 1 1 1 1 1 1 1 1 -",
        "tr05_simu PED 1 1 1 1 1 1 1 1 -",
        "tr05_simu STR 1 1 1 1 1 1 1 1 -",
        "tr05_simu ALL 4 4 4 4 4 4 4 4 -",
        "tr05_real BUS - 1 1 1 1 1 1 1 -",
        "tr05_real STR - 1 1 1 1 1 1 1 -",
        "tr05_real ALL 2 2 2 2 2 2 2 2 -",
    ]
    table = report.table()
    for row in ("et05_real ALL 4 4 4 4 4 4 4 4 4", "tr05_org ORG 4 4 - - - - - - 4"):
        assert row in " ".join(table.split())
    assert report.remarks == [
        *(f"{name}: 12 reference words, 12 expected" for name in TRACKS),
        "backgrounds: 24 recordings, 24 expected",
        "embedded: 0 recordings, not checked",
        "mic_error.csv: names 2 of 2 utterances of tr05_real",
    ]


def test_unexpected_counts_of_utterances_recordings_and_environments(chime4):
    problems = checked(chime4, {"tr05_simu": {"BUS": 2, "CAF": 1, "PED": 1}}).problems
    assert problems == [
        "tr05_simu BUS: 1 utterances annotated, 2 expected",
        "tr05_simu STR: 1 utterances annotated, 0 expected",
    ]
    assert checked(chime4, {"tr05_real": {ALL: 1600}}).problems == [
        "tr05_real ALL: 2 utterances annotated, 1600 expected"
    ]
    chime4.background("CAF", 3).unlink()
    assert checked(chime4).problems == ["backgrounds: 23 recordings, 24 expected"]


@pytest.mark.parametrize("kind", ["absent", "a link to itself", "a folder"])
def test_a_channel_missing_for_some_utterances(chime4, kind):
    path = chime4.isolated("tr05_str_real", "F02_022C0204_STR.CH4")
    path.unlink()
    if kind == "a link to itself":
        path.symlink_to(path)
    elif kind == "a folder":
        path.mkdir()
    report = checked(chime4)
    assert report.problems == [
        f"tr05_real STR CH4: 0 of 1 recordings, first missing {path}",
    ]
    assert "tr05_real ALL 2 2 2 2 2 1 2 2 -" in " ".join(report.table().split())


def test_a_set_without_annotations_or_without_a_folder(chime4):
    chime4.annotation("dt05_bth").unlink()
    shutil.rmtree(chime4.audio / "isolated/tr05_org")
    org = chime4.isolated("tr05_org", "011_011C0200_ORG")
    assert checked(chime4).problems == [
        f"tr05_org ORG single: 0 of 4 recordings, first missing {org}",
        "dt05_bth BTH: 0 utterances annotated, 1 expected",
    ]


def test_annotations_that_cannot_be_read_are_an_error(chime4):
    path = chime4.annotation("tr05_real")
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(UserError, match="tr05_real.json: cannot be read"):
        checked(chime4)


def test_lists_with_missing_or_unknown_utterances_or_missing_files(chime4):
    path = chime4.data / "annotations/et05_real_1ch_track.list"
    first, *others = path.read_text().splitlines(keepends=True)
    path.write_text("".join(others) + "et05_bus_real/F99_050C0101_BUS.CH1.wav\n")
    listed = chime4.isolated("et05_caf_real", "F05_050C0101_CAF.CH5")
    listed.unlink()
    assert first.startswith("et05_bus_real/F05_050C0101_BUS.")
    assert checked(chime4).problems == [
        f"et05_real CAF CH5: 0 of 1 recordings, first missing {listed}",
        "et05_real_1ch_track.list does not name 1 utterances, first F05_050C0101_BUS",
        "et05_real_1ch_track.list names 1 unknown utterances, first F99_050C0101_BUS",
        f"et05_real_1ch_track.list names 1 missing recordings, first {listed}",
    ]


def test_the_track_needs_a_folder_or_a_list(chime4):
    shutil.rmtree(chime4.audio / "isolated_1ch_track")
    report = checked(chime4)
    assert report.problems == []
    assert "dt05_simu BUS 1 1 1 1 1 1 1 1 -" in " ".join(report.table().split())
    (chime4.data / "annotations/dt05_real_1ch_track.list").unlink()
    track = chime4.audio / "isolated_1ch_track"
    assert checked(chime4).problems == [f"neither dt05_real_1ch_track.list nor {track} exists"]


def test_reference_words_are_those_of_the_normalized_text(chime4):
    chime4.edit("dt05_real", 0, dot="[door_slam] RAIN ~ <IS> [<NOISE] %PERCENT .")
    assert "dt05_real: 12 reference words, 12 expected" in checked(chime4).remarks
    chime4.edit("dt05_real", 0, dot="RAIN IS")
    report = checked(chime4)
    assert report.problems == []
    assert (
        "dt05_real: 11 reference words, 12 expected: different sentences or different normalization"
        in report.remarks
    )


def test_an_incomplete_mic_error_is_reported(chime4):
    table = chime4.data / "annotations/mic_error.csv"
    table.write_text(table.read_text().replace("F02_022C0204_STR", "F02_022C0204_OTHER"))
    assert checked(chime4).remarks[-1] == (
        "mic_error.csv: names 1 of 2 utterances of tr05_real; "
        "failing microphones of the others are identified by level"
    )


def test_a_missing_mic_error_is_reported(chime4):
    (chime4.data / "annotations/mic_error.csv").unlink()
    assert checked(chime4).remarks[-1].startswith("no mic_error.csv: failing microphones are")
