"""Stamps of files, by which an output is known to be outdated."""

from __future__ import annotations

import os

import pytest

from espnet_kd.errors import UserError
from espnet_kd.origin import stamp, stamps


@pytest.fixture(params=[10, 100_000])
def path(tmp_path, request):
    """A file, small or hashed in pieces, with a fixed time."""
    file = tmp_path / "a"
    file.write_bytes(bytes(index % 251 for index in range(request.param)))
    os.utime(file, ns=(5, 5))
    return file


def test_the_same_file_has_the_same_stamp_anywhere(path, tmp_path):
    before = stamp(path)
    path.rename(tmp_path / "b")
    assert stamp(tmp_path / "b") == before and " " not in before


@pytest.mark.parametrize("place", [0, -1])
def test_other_content_of_the_same_size_and_time(path, place):
    before = stamp(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(5, 5))
    assert stamp(path) != before


@pytest.mark.parametrize("time", [4, 6])
def test_an_older_and_a_newer_file_are_others(path, time):
    before = stamp(path)
    os.utime(path, ns=(time, time))
    assert stamp(path) != before


def test_several_files(path):
    assert stamps([path, path]) == f"{stamp(path)} {stamp(path)}"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere: does not exist; restore it"):
        stamp(tmp_path / "nowhere")
