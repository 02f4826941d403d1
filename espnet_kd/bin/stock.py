"""Run a module of stock ESPnet with the work-arounds: `stock espnet2.bin.asr_train ARGS`.

Parallel jobs, `stock --job K MODULE ARGS`, take the visible GPUs in turn.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys

from espnet_kd import host
from espnet_kd.errors import UserError, exit_on_user_error


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Run a module with its arguments as `python -m` would.

    Args:
        cmd: module and its arguments, optionally after `--job K`; by default those of the process.

    Raises:
        UserError: no module is given, or it does not exist.
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
    if not module.endswith("_train"):
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return
    from espnet_kd.tasks.history import print_end
    from espnet_kd.tasks.stock_training import checked_trainings

    with checked_trainings():
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    if "--output_dir" in arguments[:-1]:
        print_end(arguments[arguments.index("--output_dir") + 1])


def take_gpu(job: int) -> None:
    """If several GPUs are visible, make one of them the current GPU of this process.

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
