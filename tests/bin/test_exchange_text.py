"""The command exchange_text."""

import pytest

from espnet_kd.bin.exchange_text import main
from espnet_kd.fileio import read_columns, write_columns


def test_each_set_gets_other_transcripts(tmp_path):
    for name in ("dt05", "et05"):
        write_columns(tmp_path / name / "text", {"a": "ONE TWO", "b": "RED", "c": "BLUE"})
        write_columns(tmp_path / name / "utt2num_samples", {"a": 9, "b": 5, "c": 5})
    main(["--sets", str(tmp_path / "dt05"), str(tmp_path / "et05")])
    for name in ("dt05", "et05"):
        own = read_columns(tmp_path / name / "text")
        other = read_columns(tmp_path / name / "text_exchanged")
        assert other.keys() == own.keys()
        assert all(other[utt] != own[utt] for utt in own)


def write_set(directory, *transcripts):
    names = [f"{directory.name}_{n}" for n in range(len(transcripts))]
    write_columns(directory / "text", dict(zip(names, transcripts, strict=True)))
    write_columns(directory / "utt2num_samples", dict.fromkeys(names, 9))
    return str(directory)


def test_a_set_with_one_transcript_gets_those_of_other_sets(tmp_path):
    one = write_set(tmp_path / "valid", "ONE", "ONE")
    several = write_set(tmp_path / "test", "RED", "BLUE")
    main(["--sets", one, several])
    other = read_columns(tmp_path / "valid/text_exchanged")
    assert other.keys() == {"valid_0", "valid_1"}
    assert set(other.values()) <= {"RED", "BLUE"}
    assert read_columns(tmp_path / "test/text_exchanged") == {"test_0": "BLUE", "test_1": "RED"}


def test_a_single_transcript_in_all_sets_is_an_error(tmp_path):
    one = write_set(tmp_path / "valid", "ONE", "ONE")
    with pytest.raises(SystemExit, match="error: .*valid/text: all 2 transcripts are the same; "):
        main(["--sets", one])


def test_a_missing_set_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match="error: .*none/utt2num_samples: does not exist"):
        main(["--sets", str(tmp_path / "none")])
