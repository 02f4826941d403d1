from __future__ import annotations

import pytest

from espnet_kd.corpora.wsj.lm_text import write_lm_text
from espnet_kd.corpora.wsj.tree import WsjTree
from espnet_kd.errors import UserError

from .wsj_files import write_lm_text_files, write_wsj1


@pytest.fixture
def wsj1(tmp_path):
    return write_lm_text_files(write_wsj1(tmp_path / "WSJ1"))


def test_marks_are_dropped_and_unknown_characters_reported(wsj1, tmp_path, capsys):
    path = tmp_path / "local/other_text/text"
    write_lm_text(WsjTree(wsj1), path)
    assert path.read_text() == (
        "wsj1_lng_0000001 STOCKS FELL AGAIN\n"
        "wsj1_lng_0000002 MR. SMITH ISN'T HERE\n"
        "wsj1_lng_0000003 PRICES ROSE\n"
    )
    assert f"{path}: 3 sentences, 2 others left out" in capsys.readouterr().out


def lzw(content: bytes) -> bytes:
    """Return `content` as compress(1) may write it: codes of 9 bits, here one per byte."""
    assert len(content) < 250, "longer content needs longer codes"
    bits = sum(byte << 9 * n for n, byte in enumerate(content))
    return b"\x1f\x9d\x90" + bits.to_bytes((9 * len(content) + 7) // 8, "little")


def test_files_may_be_in_the_older_compress_format(wsj1, tmp_path):
    next(wsj1.rglob("w88_001.z")).write_bytes(lzw(b"old paper\n"))
    write_lm_text(WsjTree(wsj1), tmp_path / "text")
    assert "wsj1_lng_0000002 OLD PAPER\n" in (tmp_path / "text").read_text()


def test_wsj1_may_lack_the_text(tmp_path, capsys):
    path = tmp_path / "text"
    write_lm_text(WsjTree(write_wsj1(tmp_path / "WSJ1")), path)
    assert not path.exists()
    assert "no additional text for the language model" in capsys.readouterr().out


def test_a_missing_year_and_a_broken_file(wsj1, tmp_path):
    path = tmp_path / "text"
    broken = next(wsj1.rglob("w88_001.z"))
    broken.write_bytes(b"no compressed text")
    with pytest.raises(UserError, match=r"w88_001.z: cannot be unpacked \(.*\); restore it"):
        write_lm_text(WsjTree(wsj1), path)
    broken.unlink()
    with pytest.raises(UserError, match=r"WSJ1: lacks .*np_data/88/\*\.z"):
        write_lm_text(WsjTree(wsj1), path)
    assert not path.exists(), "nothing half-written"
