"""Trainings one after the other, as `kd_stages` of a YAML says: two-step KD needs no code.

Each stage is a training of its own in `<output_dir>/stage<n>_<name>`, with a fresh optimizer, that
starts from the averaged checkpoint of the one before: weights of losses that both have are kept,
those of others are left out or folded into the student. What the last one gives is put into
`<output_dir>`, as if there had been one training. Finished stages are kept.
"""

from __future__ import annotations

import argparse
import copy
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from espnet_kd.checkpoint import read_state
from espnet_kd.distill.publish import hand_over
from espnet_kd.distill.settings import SUPERVISED, Stage, read_losses, read_stages
from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path

LOGGER = logging.getLogger(__name__)  # the root would be set up by its first use
START = "start.pth"  # what a later stage starts from
# Options of a stage that are set here, and what sets them.
SET_HERE = {
    "init_param": "the stage before gives the weights; --init_param is for the first",
    "kd_losses": "give the stage `losses`",
    "kd_stages": "give one list of stages",
    "max_epoch": "write it beside `losses`",
    "output_dir": "the name of the stage gives it",
    "supervised_weight": "give the stage `losses: {supervised: ...}`",
}


def stage_arguments(args: argparse.Namespace) -> list[argparse.Namespace]:
    """Arguments of each stage.

    Args:
        args: of the whole training.

    Raises:
        UserError: stages that name unknown losses or options, or a stage without any loss.
    """
    losses = {entry.name for entry in read_losses(args.kd_losses)}
    stages = read_stages(args.kd_stages, {*losses, SUPERVISED})
    result: list[argparse.Namespace] = []
    for number, stage in enumerate(stages, 1):
        one = copy.deepcopy(args)
        one.kd_stages = []
        one.max_epoch = stage.max_epoch
        one.supervised_weight = stage.losses.get(SUPERVISED, 0.0)
        one.kd_losses = {
            name: {**entry, "weight": stage.losses[name]}
            for name, entry in args.kd_losses.items()
            if stage.losses.get(name)
        }
        _set_options(one, stage)
        if not one.kd_losses and not one.supervised_weight:
            raise UserError(f"kd_stages, '{stage.name}'", "no loss has a weight", "give one")
        one.output_dir = str(Path(args.output_dir) / f"stage{number}_{stage.name}")
        if result:
            one.init_param = [str(Path(one.output_dir) / START)]
        result.append(one)
    return result


def averaged(args: argparse.Namespace) -> Path:
    """Averaged checkpoint that a training writes."""
    part, measure, _ = args.best_model_criterion[0]
    return Path(args.output_dir) / f"{part}.{measure}.ave.pth"


def run_stages(
    stages: list[argparse.Namespace], output_dir: str, train: Callable[[argparse.Namespace], None]
) -> None:
    """Train each stage that is not trained yet, and give out the result of the last.

    Args:
        stages: of `stage_arguments`.
        output_dir: of the whole training.
        train: trains with the arguments given.
    """
    for before, args in zip([None, *stages], stages, strict=False):
        if averaged(args).exists():
            LOGGER.info("%s is trained", args.output_dir)
            continue
        if before is not None:
            Path(args.output_dir).mkdir(parents=True, exist_ok=True)
            state = hand_over(read_state(averaged(before)), before.kd_losses, args.kd_losses)
            torch.save(state, Path(args.output_dir) / START)
        train(args)
    last = stages[-1]
    for source in (Path(last.output_dir) / "config.yaml", averaged(last)):
        with atomic_path(Path(output_dir) / source.name) as temporary:
            shutil.copyfile(source, temporary)


def _set_options(args: argparse.Namespace, stage: Stage) -> None:
    for name, value in stage.options.items():
        if name in SET_HERE:
            raise UserError(
                f"kd_stages, '{stage.name}'", f"'{name}' is no option of a stage", SET_HERE[name]
            )
        if not hasattr(args, name):
            raise UserError(
                f"kd_stages, '{stage.name}'", f"option '{name}' is unknown", "see --help"
            )
        setattr(args, name, value)
