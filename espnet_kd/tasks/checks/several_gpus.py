"""Training on several GPUs, one process per GPU: check options and report errors."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sys
from collections.abc import Iterator

from torch.multiprocessing import ProcessExitedException

from espnet_kd.errors import UserError


def check_gpus(args: argparse.Namespace) -> None:
    """Reject several GPUs in one process, where the copies of a model would share one teacher.

    Raises:
        UserError: names the option.
    """
    if args.ngpu > 1 and not args.multiprocessing_distributed:
        raise UserError(
            "--ngpu", f"{args.ngpu} in one process", "add --multiprocessing_distributed true"
        )


def is_spawned() -> bool:
    """Return whether ESPnet spawned this process for one of several GPUs."""
    return multiprocessing.parent_process() is not None


@contextlib.contextmanager
def quiet_about_children() -> Iterator[None]:
    """Exit with status 1, without a traceback, if a spawned process did: it has reported why."""
    try:
        yield
    except ProcessExitedException as error:
        if error.exit_code != 1:  # for example, the process was killed
            raise
        sys.exit(1)
