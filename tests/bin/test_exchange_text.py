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


def test_an_absent_set_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match="error: .*none/utt2num_samples: does not exist"):
        main(["--sets", str(tmp_path / "none")])
