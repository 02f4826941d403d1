"""Utterances that are too short for a chunk, and categories that are too small for a batch."""

from __future__ import annotations

import argparse

import pytest

from espnet_kd.errors import UserError
from espnet_kd.fileio import write_columns
from espnet_kd.tasks.checks.chunks import check_chunks


@pytest.fixture
def arguments(tmp_path):
    """Return a function that returns the arguments of a training on utterances of given lengths."""

    def give(lengths, **changes):
        path = tmp_path / "utt2num_samples"
        write_columns(path, {f"u{n}": length for n, length in enumerate(lengths)})
        values = {
            "iterator_type": "chunk",
            "valid_iterator_type": "sequence",
            "chunk_length": 2000,
            "chunk_discard_short_samples": True,
            "chunk_shift_ratio": 0.5,
            "batch_size": 1,
            "valid_batch_size": None,
            "train_data_path_and_name_and_type": [],
            "valid_data_path_and_name_and_type": [],
            "train_shape_file": [str(path)],
            "valid_shape_file": [str(path)],
        }
        return argparse.Namespace(**values | changes)

    return give


def test_short_utterances_are_counted(arguments, tmp_path, capsys):
    check_chunks(arguments([2000, 2001, 1999]))
    assert capsys.readouterr().out == (
        f"{tmp_path}/utt2num_samples: 2 of 3 utterances are left out: they are not longer than a "
        "chunk (2000 samples)\n"
    )
    check_chunks(arguments([2001, 9000]))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("length", [2000, "2000", "3000,2000", "2000-2500"])
def test_a_list_without_any_chunk_is_rejected(arguments, length):
    with pytest.raises(
        UserError, match=r"none of 2 utterances is longer than a chunk \(2000 samples\)"
    ):
        check_chunks(arguments([2000, 100], chunk_length=length))


@pytest.mark.parametrize(
    "changes",
    [
        {"iterator_type": "sequence"},
        {"chunk_discard_short_samples": False},
        {"train_shape_file": []},
        {"iterator_type": "sequence", "valid_iterator_type": None},
    ],
)
def test_other_trainings_take_any_length(arguments, changes):
    check_chunks(arguments([100], **changes))


def test_chunks_in_validation_only(arguments):
    with pytest.raises(UserError, match="none of 1 utterances"):
        check_chunks(arguments([100], iterator_type="sequence", valid_iterator_type="chunk"))


@pytest.mark.parametrize("values", [["a.wav"], ["100,80", "9000,80"]])
def test_shape_files_may_hold_more_or_no_lengths(arguments, values):
    check_chunks(arguments(values))


def test_a_list_without_a_full_batch_is_rejected(arguments, tmp_path):
    """An utterance of 3999 samples yields two chunks, one of 4000 samples yields three."""
    check_chunks(arguments([3999, 3999], batch_size=4))
    check_chunks(arguments([4000], batch_size=3))
    with pytest.raises(UserError, match="its 4 chunks do not fill a batch of 5 in any category"):
        check_chunks(arguments([3999, 3999], batch_size=5))
    changes = {"iterator_type": "sequence", "valid_iterator_type": "chunk", "valid_batch_size": 5}
    with pytest.raises(UserError, match="its 4 chunks do not fill a batch of 5"):
        check_chunks(arguments([3999, 3999], **changes))


def test_a_category_without_a_full_batch_is_named(arguments, tmp_path, capsys):
    write_columns(tmp_path / "category", {"u0": "SIMU", "u1": "REAL", "u2": "SIMU"})
    data = {"train_data_path_and_name_and_type": [(f"{tmp_path}/category", "category", "text")]}
    check_chunks(arguments([3999, 3999, 3999], batch_size=3, **data))
    assert capsys.readouterr().out == (
        f"{tmp_path}/utt2num_samples: REAL is left out because its 2 chunks do not fill a batch "
        "of 3\n"
    )
    with pytest.raises(UserError, match="its 6 chunks do not fill a batch of 5 in any category"):
        check_chunks(arguments([3999, 3999, 3999], batch_size=5, **data))
