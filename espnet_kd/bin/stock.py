"""Run a module of stock ESPnet with the host work-arounds: `stock espnet2.bin.asr_train ARGS`."""

from __future__ import annotations

import importlib.util
import runpy
import sys

from espnet_kd import host
from espnet_kd.errors import UserError, exit_on_user_error


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Run `cmd[0]` as `python -m` would, with the other arguments.

    Args:
        cmd: module and its arguments; those of the command line by default.
    """
    cmd = sys.argv[1:] if cmd is None else cmd
    if not cmd or cmd[0].startswith("-"):
        raise UserError("stock", "no module given", "example: stock espnet2.bin.asr_train --help")
    module, *arguments = cmd
    host.prepare()
    sys.argv = [module, *arguments]
    if not _exists(module):
        raise UserError(module, "is not a module", "example: espnet2.bin.asr_train")
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    main()
