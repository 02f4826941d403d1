from __future__ import annotations

import pytest

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.errors import UserError

from ..wsj.wsj_files import write, write_wsj0


@pytest.mark.parametrize("inside", ["", "data"])
def test_the_root_may_be_given_at_any_level(chime4, inside):
    assert Chime4Tree(chime4.root / inside).data.samefile(chime4.data)


def test_the_package_as_unpacked_has_one_level_more(chime4, tmp_path):
    (tmp_path / "CHiME4").mkdir()
    chime4.root.rename(tmp_path / "CHiME4/CHiME3")
    assert Chime4Tree(tmp_path / "CHiME4").data == tmp_path / "CHiME4/CHiME3/data"


def test_an_unset_or_wrong_root_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match="^--corpus: is empty; set CHIME4 in db.sh"):
        Chime4Tree("")
    with pytest.raises(UserError, match=rf"^{tmp_path}: is not a CHiME-4 corpus.*; set CHIME4"):
        Chime4Tree(tmp_path)


def test_annotations_by_name(chime4):
    named = Chime4Tree(chime4.root).annotations("dt05_real")
    assert sorted(named) == [f"F01_050C0101_{e}" for e in ("BUS", "CAF", "PED", "STR")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[{", "is not JSON"),
        ('{"F01": []}', "is not a list of utterances"),
        ('["F01"]', "entry F01 is not an utterance with named fields"),
        ('[{"speaker": "F01", "wsj_name": 7, "environment": "BUS"}]', "is not an utterance"),
        ('[{"speaker": "F01", "environment": "BUS"}]', "lacks the field 'wsj_name'"),
        (
            '[{"speaker": "F01", "wsj_name": "A", "environment": "BUS"},'
            ' {"speaker": "F01", "wsj_name": "A", "environment": "bus"}]',
            "utterance 'F01_A_BUS' appears twice",
        ),
    ],
)
def test_malformed_annotations(chime4, content, problem):
    chime4.annotation("dt05_real").write_text(content)
    with pytest.raises(UserError, match=f"dt05_real.json: .*{problem}"):
        Chime4Tree(chime4.root).annotations("dt05_real")


def transcript(chime4, name="F01_050C0101_CAF"):
    tree = Chime4Tree(chime4.root)
    return tree.transcript("dt05_real", name, tree.annotations("dt05_real")[name])


def test_the_annotation_precedes_the_transcription_files(chime4):
    folder = chime4.data / "transcriptions"
    folder.mkdir()
    (folder / "dt05_real.trn_all").write_text(
        "F01_050C0101_CAF FROM TRN\nF01_050C0101_PED ONLY IN TRN\n"
    )
    (folder / "dt05_real.dot_all").write_text("From dot (F01_050C0101_CAF)\n")
    assert transcript(chime4) == "RAIN IS LIKELY"
    chime4.edit("dt05_real", 1, dot=None)
    chime4.edit("dt05_real", 2, dot=None)
    assert transcript(chime4) == "FROM DOT"
    assert transcript(chime4, "F01_050C0101_PED") == "ONLY IN TRN"


def test_an_empty_annotation_is_skipped_and_a_number_is_an_error(chime4):
    write(chime4.data / "transcriptions/dt05_real.dot_all", "From dot (F01_050C0101_CAF)\n")
    chime4.edit("dt05_real", 1, dot="")
    assert transcript(chime4) == "FROM DOT"
    chime4.edit("dt05_real", 1, dot=7)
    with pytest.raises(UserError, match="json: field 'dot' of 'F01_050C0101_CAF' is 7, not text"):
        transcript(chime4)


@pytest.mark.parametrize("kind", ["dot", "trn"])
@pytest.mark.parametrize("line", ["On its own (F01_050C0101_CAF)", "F01_050C0101_CAF ON ITS OWN"])
def test_an_utterance_may_have_its_own_transcription_file(chime4, kind, line):
    chime4.edit("dt05_real", 1, dot=None)
    write(chime4.data / f"transcriptions/dt05_caf_real/F01_050C0101_CAF.{kind}", line + "\n")
    assert transcript(chime4) == "ON ITS OWN"


@pytest.mark.parametrize("place", ["db.sh", "data"])
def test_wsj0_is_the_last_source_for_speech_from_wsj0(chime4, tmp_path, place):
    wsj0 = write_wsj0(tmp_path / "WSJ0" if place == "db.sh" else chime4.data / "WSJ0/copy")
    chime4.edit("tr05_simu", 1, dot=None)
    tree = Chime4Tree(chime4.root, wsj0=wsj0 if place == "db.sh" else None)
    name = "011_011C0201_CAF"
    entry = tree.annotations("tr05_simu")[name]
    said = "STOCKS FELL ,COMMA <NOISE> HE SAID"
    assert tree.transcript("tr05_simu", name, entry) == said
    write(chime4.data / f"transcriptions/tr05_caf_simu/{name}.dot", f"OURS ({name})\n")
    assert tree.transcript("tr05_simu", name, entry) == "OURS"
    real = {**entry, "speaker": "F02"}
    with pytest.raises(UserError, match="tr05_real.json: transcript of 'F02_011C0201_CAF' is miss"):
        tree.transcript("tr05_real", "F02_011C0201_CAF", real)


def test_a_transcript_missing_even_from_wsj0(chime4):
    chime4.edit("tr05_simu", 1, dot=None)
    tree = Chime4Tree(chime4.root)
    entry = tree.annotations("tr05_simu")["011_011C0201_CAF"]
    with pytest.raises(UserError, match="transcriptions and WSJ0; set WSJ0 in db.sh, or add its"):
        tree.transcript("tr05_simu", "011_011C0201_CAF", entry)


def test_a_missing_transcript(chime4):
    chime4.edit("dt05_real", 1, dot=None)
    with pytest.raises(
        UserError, match="dt05_real.json: transcript of 'F01_050C0101_CAF' is missing"
    ):
        transcript(chime4)


def test_track_lists_name_the_channel_of_each_utterance(chime4):
    assert Chime4Tree(chime4.root).track_channels("dt05_simu") == {
        "F01_050C0101_BUS": 4,
        "F01_050C0101_CAF": 5,
        "F01_050C0101_PED": 6,
        "F01_050C0101_STR": 1,
    }


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("dt05_bus_simu/F01_050C0101_BUS.CH0.wav", "names no channel from 1 to 6"),
        ("dt05_bus_simu/F01_050C0101_BUS.wav", "names no channel from 1 to 6"),
        ("dt05_bus_simu/F01_050C0101_BUS.CH3.wav", "utterance 'F01_050C0101_BUS' appears twice"),
    ],
)
def test_a_malformed_track_list(chime4, line, problem):
    path = chime4.data / "annotations/dt05_simu_1ch_track.list"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UserError, match=problem):
        Chime4Tree(chime4.root).track_channels("dt05_simu")


def test_track_lists_may_be_in_a_second_directory(chime4, tmp_path):
    (tmp_path / "diff").mkdir()
    for name in ("dt05_simu_1ch_track.list", "mic_error.csv"):
        (chime4.data / "annotations" / name).rename(tmp_path / "diff" / name)
    assert Chime4Tree(chime4.root).track_channels("dt05_simu") is None
    assert Chime4Tree(chime4.root).microphone_correlations is None
    tree = Chime4Tree(chime4.root, tmp_path / "diff")
    assert tree.track_channels("dt05_simu")["F01_050C0101_CAF"] == 5
    assert tree.microphone_correlations["F02_022C0204_BUS"][1] == 0.1


@pytest.mark.parametrize("level", ["", "annotations", "CHiME3/data/annotations"])
def test_the_second_package_may_be_given_at_any_level(chime4, tmp_path, level):
    folder = tmp_path / "CHiME4_diff" / level
    folder.mkdir(parents=True)
    (chime4.data / "annotations/mic_error.csv").rename(folder / "mic_error.csv")
    tree = Chime4Tree(chime4.root, tmp_path / "CHiME4_diff")
    assert tree.annotation_file("mic_error.csv") == folder / "mic_error.csv"


def test_a_second_package_without_annotations(chime4, tmp_path):
    with pytest.raises(UserError, match="isolated_ext: holds none of .*mic_error.csv; set CHIME4_"):
        Chime4Tree(chime4.root, tmp_path / "isolated_ext")


@pytest.mark.parametrize("wrong", ["data/audio/16kHz", "data/annotations", ".."])
def test_a_wrong_level_is_reported_with_the_right_one(chime4, wrong):
    right = chime4.root if wrong == ".." else chime4.data
    with pytest.raises(
        UserError, match=rf"is not a CHiME-4 corpus.*; set CHIME4 in db.sh to {right}$"
    ):
        Chime4Tree(chime4.root / wrong)


def test_link_loops_are_errors(chime4, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UserError, match="loop: is not a CHiME-4 corpus"):
        Chime4Tree(tmp_path / "loop")
    path = chime4.annotation("dt05_real")
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(UserError, match=r"dt05_real.json: cannot be read \(Too many levels"):
        Chime4Tree(chime4.root).annotations("dt05_real")


@pytest.mark.parametrize("to", ["itself", "nowhere"])
def test_broken_links_are_errors_not_missing_lists(chime4, to):
    for name in ("dt05_real_1ch_track.list", "mic_error.csv"):
        path = chime4.data / "annotations" / name
        path.unlink()
        path.symlink_to(path if to == "itself" else path.with_name("absent"))
    tree = Chime4Tree(chime4.root)
    problem = "cannot be read" if to == "itself" else "does not exist"
    with pytest.raises(UserError, match=f"dt05_real_1ch_track.list: {problem}"):
        tree.track_channels("dt05_real")
    with pytest.raises(UserError, match=f"mic_error.csv: {problem}"):
        _ = tree.microphone_correlations


@pytest.mark.parametrize("name", ["dt05_simu_1ch_track.list", "mic_error.csv", "dt05_simu.json"])
def test_a_file_that_is_not_utf8(chime4, name):
    path = chime4.data / "annotations" / name
    path.write_bytes(path.read_bytes() + "é".encode("latin-1"))
    tree = Chime4Tree(chime4.root)
    with pytest.raises(UserError, match=f"{name}: is not UTF-8"):
        _ = tree.track_channels("dt05_simu"), tree.microphone_correlations
        tree.annotations("dt05_simu")


def test_windows_line_endings(chime4):
    tree = Chime4Tree(chime4.root)
    read = tree.annotations("dt05_simu"), tree.track_channels("dt05_simu")
    errors = tree.microphone_correlations
    for path in (chime4.data / "annotations").iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    again = Chime4Tree(chime4.root)
    assert (again.annotations("dt05_simu"), again.track_channels("dt05_simu")) == read
    assert again.microphone_correlations == errors
