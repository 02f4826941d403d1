"""Run `python`, `espnet-kd` and `espnet` commands in the current folder, one after another.

ESPnet is imported once, and a process is forked for each command, which saves seconds per command.
The script reads a JSON list of lists of words and prints a JSON list of [exit status, output].
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
import tempfile
import traceback

from espnet_kd import cli, host

host.prepare()

import espnet_kd.tasks.enh_kd  # noqa: E402, F401


def run(words: list[str]) -> tuple[int, str]:
    """Run one command; return its exit status and its output on stdout and stderr."""
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            os._exit(_status(words))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return status, output.read()


def _status(words: list[str]) -> int:
    status = 0
    try:
        _execute(words)
    except SystemExit as exit_:
        status = exit_.code
        if isinstance(status, str):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(status or 0)


def _execute(words: list[str]) -> None:
    if words[0] == "espnet-kd":
        sys.argv = words
        return cli.main()
    if words[0] == "espnet":
        sys.argv = words
        return importlib.import_module("espnet2.bin.cli").main()
    if words[0] != "python":
        raise ValueError(f"not a python command: {words}")
    sys.path[0] = os.getcwd()  # as with `python -m module` and `python file_in_this_folder`
    if words[1] == "-m":
        sys.argv = words[2:]
        runpy.run_module(words[2], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words[1:]
        runpy.run_path(words[1], run_name="__main__")


if __name__ == "__main__":
    print(json.dumps([run(words) for words in json.load(sys.stdin)]))
