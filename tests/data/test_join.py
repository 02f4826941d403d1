"""Joining several systems' sets, and splitting the recognized text again."""

import pytest

from espnet_kd.data.join import Part, join_parts, split_hypotheses, write_splits
from espnet_kd.data.kaldi_dir import read_set, write_set
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_columns


@pytest.fixture
def sets(tmp_path):
    """Two sets with files that belong only to the original audio (spk1.scp, align)."""
    for name, ids in (("dt05", ("F01_a_BUS", "F01_b_BUS")), ("et05", ("F05_a_CAF",))):
        tables = {
            "wav.scp": {utt: f"/noisy/{utt}.wav" for utt in ids},
            "spk1.scp": {utt: f"/clean/{utt}.wav" for utt in ids},
            "text": dict.fromkeys(ids, "ONE WORD"),
            "utt2spk": {utt: utt[:3] for utt in ids},
            "utt2category": dict.fromkeys(ids, "SIMU"),
            "utt2num_samples": {utt: str(100 * (1 + n)) for n, utt in enumerate(ids)},
            "text_shape.char": dict.fromkeys(ids, "8,20"),
            "align": dict.fromkeys(ids, "1 2"),
        }
        write_set(tmp_path / name, tables)
    write_columns(tmp_path / "student.scp", {"F05_a_CAF": "/student/F05_a_CAF.wav"})
    return tmp_path


def test_each_part_keeps_its_audio_and_its_speakers(sets):
    parts = [
        Part("noisy", f"{sets}/dt05"),
        Part("noisy", f"{sets}/et05"),
        Part("student", f"{sets}/et05", f"{sets}/student.scp"),
    ]
    joint = join_parts(parts)
    assert joint["wav.scp"] == {
        "noisy.dt05.F01_a_BUS": "/noisy/F01_a_BUS.wav",
        "noisy.dt05.F01_b_BUS": "/noisy/F01_b_BUS.wav",
        "noisy.et05.F05_a_CAF": "/noisy/F05_a_CAF.wav",
        "student.et05.F05_a_CAF": "/student/F05_a_CAF.wav",
    }
    assert joint["utt2spk"]["student.et05.F05_a_CAF"] == "student.et05.F05"
    assert "text_shape.char" in joint
    assert not {"spk1.scp", "align"} & joint.keys()
    write_set(sets / "joint", joint)
    assert read_set(sets / "joint") == joint


def test_audio_of_another_set_is_rejected(sets):
    with pytest.raises(UserError, match=r"student\.scp: 'F01_a_BUS' is not in both this list and"):
        join_parts([Part("student", f"{sets}/dt05", f"{sets}/student.scp")])


@pytest.mark.parametrize("systems", [("noisy", "noisy"), ("a.b",)])
def test_names_that_could_not_be_split_again_are_rejected(sets, systems):
    with pytest.raises(UserError, match=rf"'{systems[0]}\.et05\.' is repeated or has a dot in"):
        join_parts([Part(system, f"{sets}/et05") for system in systems])


def test_splits_contain_each_utterance_once_and_are_balanced(tmp_path):
    lengths = {f"u{n}": str(100 + n) for n in range(10)}
    tables = {"utt2num_samples": lengths, "wav.scp": {utt: f"/{utt}" for utt in lengths}}
    write_splits(tmp_path, tables, 3)
    splits = [read_columns(tmp_path / f"keys.{n}.scp") for n in (1, 2, 3)]
    assert sorted(utt for split in splits for utt in split) == sorted(lengths)
    assert [len(split) for split in splits] == [4, 3, 3]


def test_hypotheses_are_split_by_system_and_set(tmp_path):
    write_columns(tmp_path / "1", {"noisy.dt05.F01_a.CH1": "A B"})
    write_columns(tmp_path / "2", {"noisy.dt05.F01_b": "", "student.et05.F05_a": "C"})
    assert split_hypotheses([tmp_path / "1", tmp_path / "2"]) == {
        ("noisy", "dt05"): {"F01_a.CH1": "A B", "F01_b": ""},
        ("student", "et05"): {"F05_a": "C"},
    }
    with pytest.raises(UserError, match=r"'noisy\.dt05\.F01_b' is also in another split"):
        split_hypotheses([tmp_path / "2", tmp_path / "2"])
    write_columns(tmp_path / "3", {"F01_a": "A"})
    with pytest.raises(UserError, match="'F01_a' is not <system>"):
        split_hypotheses([tmp_path / "3"])


def test_no_split_is_empty(tmp_path):
    tables = {"utt2num_samples": {"a": "3", "b": "2"}, "wav.scp": {"a": "x", "b": "y"}}
    for count, files in ((2, 2), (1, 1), (5, 2)):
        write_splits(tmp_path, tables, count)
        assert len(list(tmp_path.glob("keys.*.scp"))) == files
        assert all(path.stat().st_size for path in tmp_path.glob("keys.*.scp"))
