"""Start time and network attempts of commands."""

from __future__ import annotations

import sys

import pytest

from benchmarks import speed_start
from benchmarks.command_cost import cost_of
from benchmarks.speed_start import OFFLINE, measure_start, network_attempts

ASKS = """
import socket, sys
for _ in range(2):
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    except OSError as error:
        assert str(error) == "no network here"
assert sys.argv[1:] == ["--help"] and __name__ == "__main__"
sys.exit()
"""


@pytest.fixture
def commands(tmp_path, monkeypatch):
    (tmp_path / "asks.py").write_text(ASKS)
    (tmp_path / "quiet.py").write_text("import time; time.sleep(0.01)")
    monkeypatch.setattr(speed_start, "COMMANDS", {"stock": "asks", "ours": "quiet"})
    monkeypatch.setattr(speed_start, "TARGET", speed_start.Target(1e-9))


def test_attempts_are_refused_and_counted(tmp_path, commands):
    for module, attempts in (("asks", 2), ("quiet", 0)):
        log = tmp_path / "log"
        cost_of([sys.executable, "-c", OFFLINE, module, "--help"], tmp_path, {}, log)
        assert network_attempts(log) == attempts


def test_rows(tmp_path, commands):
    # The timed runs have no hook, so the module gets the system's own error: nothing listens there.
    (tmp_path / "asks.py").write_text(ASKS.replace("assert str(error)", "str(error)"))
    times, attempts = measure_start(tmp_path, rounds=1)
    assert times.met and times.stock.endswith(" s")
    assert (attempts.stock, attempts.ours, attempts.met) == ("2", "0", True)
