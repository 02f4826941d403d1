"""Lists on disk."""

from __future__ import annotations

import errno
import os
import pickle
import tracemalloc

import pytest

from espnet_kd.data import spool
from espnet_kd.data.spool import Spool, blocks, sorted_spool


def test_blocks_of_equal_size_and_a_remainder():
    assert list(blocks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(blocks([], 2)) == []


@pytest.mark.parametrize("size", [0, 1, spool.BLOCK, spool.BLOCK + 1, 3 * spool.BLOCK])
def test_items_are_read_in_order_in_each_pass(size):
    items = Spool(str(n) for n in range(size))
    assert len(items) == size and bool(items) == (size > 0)
    for _ in range(2):
        assert list(items) == [str(n) for n in range(size)]


def test_two_passes_at_the_same_time():
    items = Spool(range(1000))
    assert all(a == b for a, b in zip(items, items, strict=True))
    assert 999 in items and 1000 not in items


@pytest.mark.parametrize("run", [1, 7, 100, 1000])
def test_sorted_in_runs_of_any_length(monkeypatch, run):
    monkeypatch.setattr(spool, "RUN", run)
    numbers = [(37 * n % 101, n) for n in range(300)]
    found = sorted_spool(numbers, key=lambda pair: f"{pair[0]:03d}")
    assert list(found) == sorted(numbers), "the sort is stable"
    assert list(sorted_spool([], key=str)) == []


def test_memory_does_not_grow_with_the_list():
    def peak(size: int) -> int:
        tracemalloc.start()
        items = Spool(f"{n:1000d}" for n in range(size))
        assert sum(map(len, items)) == 1000 * size
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(20_000) < 1.5 * peak(2_000) < 3e6


def test_a_full_disk_names_the_directory(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(spool.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(pickle, "dump", full)
    with pytest.raises(OSError) as caught:
        Spool([1])
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path))
    assert list(tmp_path.iterdir()) == []
