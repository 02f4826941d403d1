"""Run the trainings that `kd_stages` of a YAML lists, one after the other.

Two-step KD thus needs no code. Each stage is a separate training in `<output_dir>/stage<n>_<name>`
with a fresh optimizer. It starts from the averaged checkpoint of the previous stage: the weights of
losses that both stages have are kept; those of other losses are left out or folded into the
student. The result of the last stage is copied to `<output_dir>`, as if there had been one
training. Finished stages are not trained again.
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

LOGGER = logging.getLogger(__name__)  # the root logger would configure itself on first use
START = "start.pth"  # initial weights of every stage but the first
# Arguments that are set here and so cannot be options of a stage, with what to do instead.
SET_HERE = {
    "init_param": "leave it out: a stage starts from the one before, the first from --init_param",
    "kd_losses": "set `losses` of the stage",
    "kd_stages": "write all stages in one list",
    "max_epoch": "write it next to `losses`",
    "output_dir": "leave it out: it follows from the name of the stage",
    "supervised_weight": "set `losses: {supervised: ...}` of the stage",
}


def stage_arguments(args: argparse.Namespace) -> list[argparse.Namespace]:
    """Return the arguments of each stage.

    Args:
        args: arguments of the whole training.

    Raises:
        UserError: a stage names an unknown loss or option, or gives no loss a weight.
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
    """Return the path of the averaged checkpoint that a training writes."""
    part, measure, _ = args.best_model_criterion[0]
    return Path(args.output_dir) / f"{part}.{measure}.ave.pth"


def run_stages(
    stages: list[argparse.Namespace], output_dir: str, train: Callable[[argparse.Namespace], None]
) -> None:
    """Train each stage that is not trained yet, and copy the result of the last to `output_dir`.

    Args:
        stages: arguments of each stage, from `stage_arguments`.
        output_dir: output directory of the whole training.
        train: trains with the given arguments.
    """
    for before, args in zip([None, *stages], stages, strict=False):
        if averaged(args).exists():
            LOGGER.info("%s is already trained", args.output_dir)
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
            problem = f"'{name}' cannot be an option of a stage"
            raise UserError(f"kd_stages, '{stage.name}'", problem, SET_HERE[name])
        if not hasattr(args, name):
            raise UserError(
                f"kd_stages, '{stage.name}'", f"option '{name}' is unknown", "see --help"
            )
        setattr(args, name, value)
