from __future__ import annotations

import shutil

import pytest

from espnet_kd.corpora.wsj.tree import WsjTree
from espnet_kd.errors import UserError

from .wsj_files import write, write_wsj0, write_wsj1

INDEX = "wsj0/doc/indices/train/tr_s_wv1.ndx"
RECORDING = "wsj0/si_tr_s/011/011c0201.wv1"


def join(discs, together):
    """Merge all discs into one folder."""
    for disc in sorted(discs.iterdir()):
        shutil.copytree(disc, together, dirs_exist_ok=True)
    return together


@pytest.mark.parametrize("layout", ["discs", "joined", "inside"])
def test_files_are_found_in_every_layout(tmp_path, layout):
    root = write_wsj0(tmp_path / "discs")
    if layout != "discs":
        root = join(root, tmp_path / "joined")
    tree = WsjTree(root / "wsj0" if layout == "inside" else root)
    assert tree.file(RECORDING).samefile(next(root.rglob("011c0201.wv1")))
    assert tree.file(INDEX).samefile(next(root.rglob("tr_s_wv1.ndx")))
    assert tree.file("wsj0/si_tr_s/011/none.wv1") is None


def test_an_index_lists_discs_and_files_without_comments(tmp_path):
    assert list(WsjTree(write_wsj0(tmp_path / "WSJ0")).index(INDEX)) == [
        ("11_1_1", RECORDING),
        ("11_1_1", "wsj0/si_tr_s/011/011c0202.wv1"),
        ("11_2_1", "wsj0/si_tr_s/401/401c0201.wv1"),
    ]


def test_case_does_not_matter(tmp_path):
    tree = WsjTree(write_wsj1(tmp_path / "WSJ1"))
    [(_, name)] = tree.index("wsj1/doc/indices/si_tr_s.ndx")
    assert tree.file(name).name == "4ABC0201.WV1"
    assert tree.transcript("4ABC0201") == tree.transcript("4abc0201") == "THE MAYOR SPOKE"


def test_transcripts_are_raw_or_none_if_missing(tmp_path):
    tree = WsjTree(write_wsj0(tmp_path / "WSJ0"))
    assert tree.transcript("011c0202") == "PRICES ROSE TEN %PERCENT"
    assert tree.transcript("011c0209") is None
    assert tree.transcript("999c0201") is None


def test_discs_may_be_links_and_links_may_form_a_loop(tmp_path):
    discs = write_wsj0(tmp_path / "discs")
    links = tmp_path / "links"
    links.mkdir()
    for disc in discs.iterdir():
        (links / disc.name).symlink_to(disc)
    (discs / "11-1.1/wsj0/again").symlink_to(links)
    tree = WsjTree(links)
    assert tree.file(RECORDING).name == "011c0201.wv1"
    assert len(tree.files_below("wsj0", ".wv1")) == 2


@pytest.mark.parametrize("there", [False, True])
def test_no_wsj(tmp_path, there):
    if there:
        write(tmp_path / "discs/other/a.wv1", "")
    with pytest.raises(UserError, match=f"^{tmp_path}/discs: holds no WSJ files"):
        WsjTree(tmp_path / "discs")


def test_a_missing_or_malformed_index(tmp_path):
    tree = WsjTree(write_wsj0(tmp_path / "WSJ0"))
    with pytest.raises(UserError, match="WSJ0: lacks wsj1/doc/indices/si_tr_s.ndx"):
        list(tree.index("wsj1/doc/indices/si_tr_s.ndx"))
    tree.file(INDEX).write_text("wsj0/si_tr_s/011/011c0201.wv1\n")
    with pytest.raises(UserError, match="line 'wsj0/si_tr_s/011/011c0201.wv1' is not DISC:FILE"):
        list(tree.index(INDEX))
