"""Check that a training can continue from what it finds, before anything is overwritten."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import yaml
from espnet2.train.reporter import Reporter

from espnet_kd.checkpoint import (
    CHECKPOINT,
    is_whole,
    mismatches,
    read_config,
    read_state,
    read_training_state,
)
from espnet_kd.errors import UserError

# ESPnet continues with what the checkpoint has of these, so changing them has no effect.
KEPT = ("optim", "optim_conf", "scheduler", "scheduler_conf")
PARTS = {"model": dict, "reporter": dict, "optimizers": list, "schedulers": list}


def check_resume(
    args: argparse.Namespace, model: torch.nn.Module, optimizers: list[torch.optim.Optimizer]
) -> None:
    """Reject a checkpoint from which the training cannot continue as its arguments say.

    Args:
        args: arguments of the training.
        model: the model to train.
        optimizers: its optimizers.

    Raises:
        UserError: names the file and what to set or remove.
    """
    directory = Path(args.output_dir or ".")
    checkpoint = directory / CHECKPOINT
    if not args.resume or args.collect_stats or args.dry_run or not checkpoint.exists():
        return
    state = read_training_state(checkpoint)
    anew = f"or remove {directory} to train from the beginning"
    try:
        found = next(_problems(args, model, optimizers, state, directory), None)
        epochs = [] if found else _epochs_to_average(args, state["reporter"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        found = f"is not a checkpoint of a training ({error!r})", "replace it"
    if found:
        problem, fix = found
        raise UserError(checkpoint, problem, f"{fix}, {anew}")
    for epoch in epochs:
        file = directory / f"{epoch}epoch.pth"
        if not is_whole(file):
            problem = "is cut, empty or damaged" if file.exists() else "does not exist"
            raise UserError(
                file,
                f"{problem}, but epoch {epoch} is one of those to average (--keep_nbest_models)",
                f"copy it back, {anew}",
            )
        if not _adapts(args) and (wrong := mismatches(model, read_state(file))):
            raise UserError(file, f"is of another model: {wrong[0]}", f"copy it back, {anew}")


def _problems(
    args: argparse.Namespace,
    model: torch.nn.Module,
    optimizers: list[torch.optim.Optimizer],
    state: dict[str, Any],
    directory: Path,
) -> Iterator[tuple[str, str]]:
    """Yield what does not fit, with what to set."""
    for key, kind in PARTS.items():
        if not isinstance(state.get(key), kind):
            yield f"has no '{key}', so it is not a checkpoint of a training", "replace it"
    if not _adapts(args) and (wrong := mismatches(model, state["model"])):
        more = f" (and {len(wrong) - 1} more such weights)" if len(wrong) > 1 else ""
        yield f"is of another model: {wrong[0]}{more}", "set the model it was trained with"
    if (directory / "config.yaml").exists():
        before = read_config(directory / "config.yaml", "optim")
        for key in KEPT:
            now = yaml.safe_load(yaml.safe_dump(getattr(args, key, None)))
            if key in before and before[key] != now:
                yield f"was trained with {key} {before[key]}, not {now}", "set that"
    try:
        saved = [_shape(one["param_groups"]) for one in state["optimizers"]]
    except (KeyError, TypeError):
        saved = []
    if saved != [_shape(optimizer.state_dict()["param_groups"]) for optimizer in optimizers]:
        yield f"is of another optimizer than {args.optim}", "set the one it was trained with"
    saved = [one is not None for one in state["schedulers"]]
    if saved != [getattr(args, f"scheduler{n}") is not None for n in _suffixes(optimizers)]:
        yield f"is of another scheduler than {args.scheduler}", "set the one it was trained with"


def _adapts(args: argparse.Namespace) -> bool:
    """Return whether the files hold only the weights of adapters."""
    return getattr(args, "use_adapter", False)


def _shape(groups: list[dict[str, Any]]) -> list[tuple[set[str], int]]:
    """Return the settings and the number of weights of each group of an optimizer."""
    return [(set(group) - {"initial_lr"}, len(group["params"])) for group in groups]


def _suffixes(optimizers: list[torch.optim.Optimizer]) -> list[str]:
    """Return how ESPnet numbers options of several optimizers: scheduler, scheduler2, ..."""
    return ["" if number == 1 else str(number) for number in range(1, len(optimizers) + 1)]


def _epochs_to_average(args: argparse.Namespace, state: dict[str, Any]) -> list[int]:
    reporter = Reporter()
    reporter.load_state_dict(state)
    kept = args.keep_nbest_models
    count = max(kept) if isinstance(kept, list) and kept else kept or 1
    best = (
        reporter.sort_epochs(part, measure, mode)[:count]
        for part, measure, mode in args.best_model_criterion
        if state["stats"] and reporter.has(part, measure)
    )
    return sorted({epoch for epochs in best for epoch in epochs})
