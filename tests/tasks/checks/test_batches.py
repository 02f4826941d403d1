"""Batches that must hold one category each."""

from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.fileio import write_columns
from espnet_kd.tasks.checks.batches import check_batches

from ..kd_lists import UTTERANCES, arguments

BATCHES = {
    "iterator_type": "sequence",
    "valid_iterator_type": None,
    "batch_type": "folded",
    "valid_batch_type": None,
}


def batched(tmp_path, data, **changes):
    return arguments(
        tmp_path, data, **{**BATCHES, "valid_data_path_and_name_and_type": data} | changes
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"iterator_type": "chunk", "batch_type": "unsorted", "valid_iterator_type": "chunk"},
        {"batch_type": "numel", "valid_batch_type": "folded", "iterator_type": "chunk"}
        | {"valid_iterator_type": "sequence"},
        {"batch_type": "numel", "kd_losses": {}},
    ],
)
def test_batches_of_one_category_pass(tmp_path, make_data, changes):
    check_batches(batched(tmp_path, make_data(), **changes))


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"batch_type": "numel"}, "--batch_type: 'numel'"),
        ({"valid_batch_type": "unsorted"}, "--valid_batch_type: 'unsorted'"),
        (
            {"iterator_type": "chunk", "batch_type": "unsorted", "valid_iterator_type": "sequence"},
            "--valid_batch_type: 'unsorted'",
        ),
    ],
)
def test_batches_of_several_categories(tmp_path, make_data, changes, option):
    with pytest.raises(UserError, match=f"{option} mixes categories in a batch"):
        check_batches(batched(tmp_path, make_data(), **changes))


def test_one_category_allows_any_batches(tmp_path, make_data):
    data = make_data()
    write_columns(tmp_path / "utt2category", dict.fromkeys(UTTERANCES, "REAL"))
    check_batches(batched(tmp_path, data, batch_type="numel"))


def test_categories_that_espnet_does_not_find(tmp_path, make_data):
    """ESPnet reads utt2category next to the first data file, whatever the options say."""
    data = make_data()
    (tmp_path / "utt2category").rename(tmp_path / "category")
    data[2] = (str(tmp_path / "category"), "category", "text")
    with pytest.raises(UserError, match="wav.scp: has no utt2category next to it"):
        check_batches(batched(tmp_path, data))
