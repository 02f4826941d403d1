"""Batches for losses that compare utterances, with one process and several."""

from __future__ import annotations

import argparse

import pytest

from espnet_kd.errors import UserError
from espnet_kd.tasks.checks.batch_sizes import check_batch_sizes

LOSSES = {"pair": {"type": "clskd", "taps": ["x"]}}


def arguments(**changes) -> argparse.Namespace:
    usual = {
        "batch_size": 8,
        "batch_type": "folded",
        "iterator_type": "sequence",
        "ngpu": 0,
        "dist_world_size": None,
        "kd_losses": LOSSES,
    }
    return argparse.Namespace(**{**usual, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ngpu": 4},
        {"ngpu": 1, "dist_world_size": 4},
        {"batch_size": 1, "kd_losses": {}},
        {"batch_size": 1, "kd_losses": {"output": {"type": "output"}}},
        {"batch_size": 1, "batch_type": "numel"},
    ],
)
def test_enough(changes):
    check_batch_sizes(arguments(**changes))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"batch_size": 1}, "--batch_size: is 1, but 'pair' .clskd. .*; set it to at least 2"),
        ({"ngpu": 8}, "--batch_size: is 8 for 8 processes, but 'pair' .*; set it to at least 16"),
        ({"ngpu": 4, "dist_world_size": 2}, "is 8 for 8 processes"),
        ({"batch_size": 1, "batch_type": "numel", "iterator_type": "chunk"}, "is 1, but"),
    ],
)
def test_too_few(changes, problem):
    with pytest.raises(UserError, match=problem):
        check_batch_sizes(arguments(**changes))
