"""Length limits and speed-perturbed rows of a set."""

from __future__ import annotations

from functools import partial

import pytest

from espnet_kd.data.dump import Within, with_speeds
from espnet_kd.data.kaldi_dir import table_rows
from espnet_kd.data.speed import perturbed_length
from espnet_kd.errors import UserError


def test_limits_are_in_samples_and_exclusive(tables):
    limited = Within(table_rows(tables), 1600, 3200)
    assert [utterance for utterance, _ in limited] == ["M02_c_SIMU"]
    assert (limited.seen, limited.kept) == (3, 1)
    assert list(Within(table_rows(tables), 1599, 3201)) == list(table_rows(tables))


def test_three_speeds_of_each_utterance_without_new_audio(tables):
    rows = list(with_speeds(partial(table_rows, tables), [0.9, 1.0, 1.1]))
    assert [utterance for utterance, _ in rows] == sorted(
        prefix + utterance for prefix in ("", "sp0.9-", "sp1.1-") for utterance in tables["text"]
    )
    perturbed = dict(rows)
    for name in ("wav.scp", "spk1.scp", "text", "utt2category"):
        assert perturbed["sp0.9-F01_b_SIMU"][name] == tables[name]["F01_b_SIMU"]
    assert perturbed["sp1.1-F01_b_SIMU"]["utt2spk"] == "sp1.1-F01"
    assert perturbed["sp0.9-F01_b_SIMU"]["utt2speed"] == "0.9"
    assert perturbed["F01_b_SIMU"]["utt2speed"] == "1.0"
    assert perturbed["F01_b_SIMU"]["utt2num_samples"] == "3200"
    assert perturbed["sp0.9-F01_b_SIMU"]["utt2num_samples"] == str(perturbed_length(3200, 0.9))


@pytest.mark.brings("lists", "copies at other speeds in data/<set>", "leave the copies out")
def test_copies_at_other_speeds_are_not_copied_again():
    rows = [("sp0.9-F01_a", {"utt2spk": "sp0.9-F01", "utt2num_samples": "800"})]
    with pytest.raises(UserError, match="utterance 'sp0.9-F01_a': is a copy at another speed"):
        list(with_speeds(lambda: rows, [1.0, 1.1]))
