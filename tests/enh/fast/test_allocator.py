"""Freed memory stays with the process, so the system does not clear its pages again."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest

from espnet_kd.enh.fast import allocator

# Prints the number of page faults while 48 MB are requested and freed ten times.
FAULTS = """
import resource
import sys

import torch

from espnet_kd.enh.fast.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    assert keep_freed_memory()

def work():
    for _ in range(10):
        torch.zeros(12_000_000)

work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    command = [sys.executable, "-c", FAULTS, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_freed_memory_is_reused():
    assert faults("returned") > 10_000
    assert faults("kept") < 100


@pytest.mark.parametrize(
    ("library", "kept"),
    [
        (SimpleNamespace(), False),
        (SimpleNamespace(mallopt=lambda _name, _value: 0), False),
        (SimpleNamespace(mallopt=lambda _name, _value: 1), True),
    ],
    ids=["not glibc", "refuses", "glibc"],
)
def test_returns_whether_the_library_accepts_the_settings(monkeypatch, library, kept):
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    assert allocator.keep_freed_memory() is kept
