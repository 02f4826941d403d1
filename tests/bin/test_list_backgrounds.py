"""The command list_backgrounds."""

from __future__ import annotations

import pytest

from espnet_kd.bin.list_backgrounds import main
from espnet_kd.fileio import read_columns


def options(chime4, tmp_path, *more):
    return ["--corpus", str(chime4.root), "--out", str(tmp_path / "data/noise.scp"), *more]


def test_list_of_one_channel(chime4, tmp_path, capsys):
    main(options(chime4, tmp_path, "--channels", "5"))
    found = read_columns(tmp_path / "data/noise.scp")
    assert list(found) == [f"BGD_150203_010_{place}.CH5" for place in ("BUS", "CAF", "PED", "STR")]
    assert found["BGD_150203_010_PED.CH5"] == str(chime4.background("PED", 5))
    assert "noise.scp: 4 background recordings" in capsys.readouterr().out


def test_all_channels_of_the_tablet_by_default(chime4, tmp_path):
    main(options(chime4, tmp_path))
    assert len(read_columns(tmp_path / "data/noise.scp")) == 24


@pytest.mark.parametrize(
    ("channels", "problem"),
    [("3", "backgrounds: has no recordings *.CH3.wav"), ("0", "--channels: contains 0")],
)
def test_errors_are_one_line_and_write_nothing(chime4, tmp_path, channels, problem):
    for path in (chime4.audio / "backgrounds").glob("*.CH3.wav"):
        path.unlink()
    with pytest.raises(SystemExit) as stop:
        main(options(chime4, tmp_path, "--channels", channels))
    assert problem in stop.value.code and "\n" not in stop.value.code
    assert not (tmp_path / "data").exists()
