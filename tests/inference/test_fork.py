"""Sharing work between forked processes."""

from __future__ import annotations

import os

import pytest

from espnet_kd.errors import UserError
from espnet_kd.inference.fork import fork_map


@pytest.mark.parametrize("nj", [1, 2])
def test_closures_run_in_nj_processes_in_order(nj):
    offset = 10
    results = list(fork_map(lambda item: (item + offset, os.getpid()), range(8), nj, "work"))
    assert [value for value, _ in results] == list(range(10, 18))
    assert (os.getpid() in {pid for _, pid in results}) == (nj == 1)


@pytest.mark.parametrize("nj", [1, 2])
def test_errors_arrive_as_one_line(nj):
    def fail(item):
        raise UserError("a.wav", f"bad item {item}", "fix it")

    with pytest.raises(UserError, match=r"^a\.wav: bad item 0; fix it$"):
        list(fork_map(fail, range(4), nj, "work"))
