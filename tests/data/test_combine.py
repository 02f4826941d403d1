"""Joining sets and taking every k-th utterance."""

from __future__ import annotations

import pytest

from espnet_kd.data.combine import combine, subset
from espnet_kd.data.kaldi_dir import write_set
from espnet_kd.errors import UserError


def renamed(tables, prefix, category="SIMU", leave_out=()):
    """Return the tables with a prefix on all ids."""
    new = {
        name: {prefix + utterance: value for utterance, value in table.items()}
        for name, table in tables.items()
        if name not in leave_out
    }
    new["utt2spk"] = {utterance: prefix + speaker for utterance, speaker in new["utt2spk"].items()}
    new["utt2category"] = dict.fromkeys(new["wav.scp"], category)
    return new


def test_disjoint_sets_are_joined_and_sorted(set_dir, tables, tmp_path):
    write_set(tmp_path / "other", renamed(tables, "A"))
    joint, left_out = combine([set_dir, tmp_path / "other"])
    write_set(tmp_path / "joint", joint)
    assert left_out == []
    first, *_, last = (tmp_path / "joint/spk1.scp").read_text().split()[::2]
    assert (first, last, len(joint["spk1.scp"])) == ("AF01_a_SIMU", "M02_c_SIMU", 6)


def test_the_same_utterance_in_two_sets(set_dir, tables, tmp_path):
    write_set(tmp_path / "other", tables)
    with pytest.raises(UserError, match=f"other: utterance 'F01_a_SIMU' is also in {set_dir}"):
        combine([set_dir, tmp_path / "other"])


def test_a_real_set_without_pseudo_references(set_dir, tables, tmp_path):
    write_set(tmp_path / "real", renamed(tables, "R", "REAL", leave_out=["spk1.scp"]))
    with pytest.raises(
        UserError,
        match="real/spk1.scp: is missing, .*: REAL utterance 'RF01_a_SIMU' has no reference",
    ):
        combine([set_dir, tmp_path / "real"])
    joint, _ = combine([set_dir, tmp_path / "real"], drop_files=["spk1.scp"])
    assert "spk1.scp" not in joint and len(joint["text"]) == 6


def test_a_set_without_speeds_has_speed_one(set_dir, tables, tmp_path):
    fast = renamed(tables, "S")
    fast["utt2speed"] = dict.fromkeys(fast["wav.scp"], "1.1")
    write_set(tmp_path / "fast", fast)
    joint, _ = combine([set_dir, tmp_path / "fast"])
    assert joint["utt2speed"]["F01_a_SIMU"] == "1.0"
    assert joint["utt2speed"]["SF01_a_SIMU"] == "1.1"


def test_other_files_are_kept_only_if_all_sets_have_them(set_dir, tables, tmp_path):
    other = renamed(tables, "A")
    other["align"] = dict.fromkeys(other["wav.scp"], "1 2")
    write_set(tmp_path / "other", other)
    joint, left_out = combine([set_dir, tmp_path / "other"])
    assert "align" not in joint and left_out == ["align"]


def test_a_subset_is_every_kth(tables):
    assert list(subset(tables, 2)["text"]) == ["F01_a_SIMU", "M02_c_SIMU"]
    assert subset(tables, 1) == tables
    with pytest.raises(UserError, match="every: value 0 is below 1"):
        subset(tables, 0)
