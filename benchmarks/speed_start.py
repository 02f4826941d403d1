"""Measure how long a command takes to start, and whether it accesses the network."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.command_cost import cost_of
from benchmarks.speed_table import Row, Target, time_row
from benchmarks.timing import interleaved_seconds

COMMANDS = {"stock": "espnet2.bin.enh_train", "ours": "espnet_kd.bin.enh_kd_train"}
ROUNDS = 3
TARGET = Target(3.0)
ATTEMPTS = "network attempts: "
# Runs a module, and refuses and counts its connections and name lookups.
OFFLINE = f"""
import atexit, runpy, sys
attempts = []

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        attempts.append(event)
        raise OSError("no network here")

sys.addaudithook(refuse)
atexit.register(lambda: print("{ATTEMPTS}", len(attempts), sep=""))
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def measure_start(directory: Path, rounds: int = ROUNDS) -> list[Row]:
    """Time `--help` of both training commands, and count their network attempts.

    Args:
        directory: directory for what the commands print.
        rounds: timed rounds; the first also writes missing bytecode.
    """

    def run(name: str, *options: str) -> Path:
        log = directory / f"{name}.log"
        command = [sys.executable, *options, COMMANDS[name], "--help"]
        cost_of(command, directory, {"PYTHONDONTWRITEBYTECODE": ""}, log)
        return log

    works = {name: lambda name=name: run(name, "-m") for name in COMMANDS}
    times = interleaved_seconds(works, rounds, warmups=0)
    attempts = {name: network_attempts(run(name, "-c", OFFLINE)) for name in COMMANDS}
    return [
        time_row("start of the training command (--help)", times["stock"], times["ours"], TARGET),
        Row(
            "network attempts at start",
            str(attempts["stock"]),
            str(attempts["ours"]),
            target="0",
            met=attempts["ours"] == 0,
        ),
    ]


def network_attempts(log: Path) -> int:
    """Return the number of attempts that OFFLINE counted."""
    return int(log.read_text(encoding="utf-8").rpartition(ATTEMPTS)[2])
