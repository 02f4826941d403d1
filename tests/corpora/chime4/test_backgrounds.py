from __future__ import annotations

import pytest

from espnet_kd.corpora.chime4.backgrounds import find_backgrounds
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.errors import UserError


def test_recordings_of_the_chosen_channels(chime4):
    found = find_backgrounds(Chime4Tree(chime4.root), [5, 2])
    assert found == {
        f"BGD_150203_010_{place}.CH{n}": chime4.background(place, n)
        for place in ("BUS", "CAF", "PED", "STR")
        for n in (2, 5)
    }


def test_the_root_may_be_a_level_above(chime4, tmp_path):
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc/CHiME3").symlink_to(chime4.root)
    path = next(iter(find_backgrounds(Chime4Tree(tmp_path / "disc"), [1]).values()))
    assert path.is_absolute() and path.is_file() and "CHiME3" in path.parts


def test_no_recordings(chime4):
    for path in (chime4.audio / "backgrounds").glob("*.CH[36].wav"):
        path.unlink()
    with pytest.raises(UserError) as error:
        find_backgrounds(Chime4Tree(chime4.root), [3, 6])
    assert str(error.value) == (
        f"{chime4.audio}/backgrounds: has no recordings *.CH3.wav, *.CH6.wav; "
        "restore the backgrounds of the corpus"
    )
