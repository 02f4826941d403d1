"""Training on several GPUs, a process each: what is refused, and how errors of one are shown."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sys
from collections.abc import Iterator

from torch.multiprocessing import ProcessExitedException

from espnet_kd.errors import UserError


def check_gpus(args: argparse.Namespace) -> None:
    """Refuse several GPUs in one process, whose copies of a model would share one teacher.

    Raises:
        UserError: names the option.
    """
    if args.ngpu > 1 and not args.multiprocessing_distributed:
        raise UserError(
            "--ngpu", f"{args.ngpu} in one process", "add --multiprocessing_distributed true"
        )


def is_spawned() -> bool:
    """Whether this process was started by ESPnet for one of several GPUs."""
    return multiprocessing.parent_process() is not None


@contextlib.contextmanager
def quiet_about_children() -> Iterator[None]:
    """Exit with status 1 where a spawned process did: it has said why."""
    try:
        yield
    except ProcessExitedException as error:
        if error.exit_code != 1:  # killed
            raise
        sys.exit(1)
