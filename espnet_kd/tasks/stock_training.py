"""The same checks for trainings by stock ESPnet as for those of the KD task."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator

import torch
from espnet2.tasks.abs_task import AbsTask

from espnet_kd.tasks.checks.resume import check_resume
from espnet_kd.tasks.checks.several_gpus import check_gpus_exist
from espnet_kd.tasks.trainer import CountingTrainer


@contextlib.contextmanager
def checked_trainings() -> Iterator[None]:
    """Let every task of ESPnet check its GPUs and what it resumes, and count dropped steps.

    Processes that ESPnet spawns for several GPUs do not: they import ESPnet anew.
    """
    trainer, required = AbsTask.trainer, AbsTask.check_required_command_args
    build = AbsTask.build_optimizers

    def check_arguments(cls: type[AbsTask], args: argparse.Namespace) -> None:
        required.__func__(cls, args)
        check_gpus_exist(args)
        if getattr(args, "use_deepspeed", False):
            AbsTask.trainer = trainer  # DeepSpeed's trainer takes the place of ESPnet's only

    def build_optimizers(
        cls: type[AbsTask], args: argparse.Namespace, model: torch.nn.Module
    ) -> list[torch.optim.Optimizer]:
        optimizers = build.__func__(cls, args, model)
        check_resume(args, model, optimizers)
        return optimizers

    AbsTask.trainer = CountingTrainer
    AbsTask.check_required_command_args = classmethod(check_arguments)
    AbsTask.build_optimizers = classmethod(build_optimizers)
    try:
        yield
    finally:
        AbsTask.trainer = trainer
        AbsTask.check_required_command_args = required
        AbsTask.build_optimizers = build
