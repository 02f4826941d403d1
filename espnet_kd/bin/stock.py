"""Run a module of stock ESPnet with the host work-arounds: `stock espnet2.bin.asr_train ARGS`.

Jobs side by side, `stock --job K MODULE ARGS`, take one of the visible GPUs after the other.
"""

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
        cmd: module and its arguments, `--job K` before them or not; those of the command line by
            default.
    """
    cmd = sys.argv[1:] if cmd is None else cmd
    job = 0
    if cmd[:1] == ["--job"] and cmd[1:2] and cmd[1].isdigit():
        job, cmd = int(cmd[1]), cmd[2:]
    if not cmd or cmd[0].startswith("-"):
        raise UserError("stock", "no module given", "example: stock espnet2.bin.asr_train --help")
    module, *arguments = cmd
    host.prepare()
    sys.argv = [module, *arguments]
    if not _exists(module):
        raise UserError(module, "is not a module", "example: espnet2.bin.asr_train")
    if job:
        take_gpu(job - 1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def take_gpu(job: int) -> None:
    """Make one of several visible GPUs that of this process.

    Args:
        job: number of the job, from 0.
    """
    import torch

    if torch.cuda.is_available() and torch.cuda.device_count() > 1:
        torch.cuda.set_device(job % torch.cuda.device_count())


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    main()
