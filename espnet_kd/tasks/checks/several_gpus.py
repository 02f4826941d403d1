"""Training on GPUs, one process per GPU: check options and report errors."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sys
from collections.abc import Iterator

import torch
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


def check_gpus_exist(args: argparse.Namespace) -> None:
    """Reject more GPUs than PyTorch finds on this machine.

    Raises:
        UserError: names the option.
    """
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if args.ngpu > found:
        raise UserError(
            "--ngpu",
            f"{args.ngpu}, but PyTorch finds {found or 'no'} GPU(s) on this machine",
            f"set it to {found}, or check nvidia-smi and CUDA_VISIBLE_DEVICES",
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
