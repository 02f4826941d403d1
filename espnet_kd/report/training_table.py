"""Table of the trainings of a run: where each started, on what, and whether it had converged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from espnet_kd.checkpoint import read_config
from espnet_kd.errors import UserError
from espnet_kd.report.markdown import GAP, table
from espnet_kd.tasks.history import MANY_DROPPED, History, read_history

FILES = "train_data_path_and_name_and_type"
HEADER = (
    "training",
    "initial weights",
    "training set",
    "seed",
    "epochs",
    "steps",
    "measure",
    "best",
    "gain of the last epochs",
    "converged",
)


def training_table(configs: Sequence[str]) -> str:
    """Return a table with a row for each training.

    Args:
        configs: paths of the form `<training>/config.yaml`.
    """
    return table(HEADER, [_row(Path(path).parent) for path in configs])


def not_converged(configs: Sequence[str]) -> list[str]:
    """Return the names of the trainings that stopped while they were still improving."""
    return _named(configs, lambda history: not history.converged)


def dropped_note(configs: Sequence[str]) -> list[str]:
    """Return a sentence about the trainings that dropped many steps, or nothing."""
    names = _named(configs, lambda history: history.many_dropped)
    if not names:
        return []
    return [
        f"**Dropped more than {MANY_DROPPED:.0%} of their steps, because gradients were not "
        f"finite: {', '.join(names)}.**"
    ]


def _named(configs: Sequence[str], condition: Callable[[History], bool]) -> list[str]:
    """Return the names of the trainings for which a condition holds.

    Seeds of a training have its name before theirs, e.g. `student/seed1`; a training that another
    path links to counts once.
    """
    names: dict[Path, str] = {}
    for directory in (Path(path).parent for path in configs):
        history = _history(directory)
        if history is not None and condition(history):
            above = f"{directory.parent.name}/" if directory.name.startswith("seed") else ""
            names.setdefault(directory.resolve(), above + directory.name)
    return list(names.values())


def training_set_of(model: str, configs: Sequence[str]) -> str | None:
    """Return the set of the training whose directory has this name, or None if there is none."""
    path = next((path for path in configs if Path(path).parent.name == model), None)
    return None if path is None else _set(read_config(path, FILES))


def _row(directory: Path) -> list[str]:
    config = read_config(directory / "config.yaml", "seed")
    row = [directory.name, _start(config), f"`{_set(config)}`", str(config["seed"])]
    history = _history(directory)
    if history is None:
        return row + [GAP] * (len(HEADER) - len(row))
    return [
        *row,
        str(len(history.epochs)),
        f"{history.steps} ({history.dropped} dropped)" if history.dropped else str(history.steps),
        history.measure,
        f"{history.best:.4g}",
        f"{history.last_gain:.2g} ({history.last})",
        "yes" if history.converged else "**no**",
    ]


def _history(directory: Path) -> History | None:
    """Return the history of a training, or None if only its result was kept."""
    try:
        return read_history(directory)
    except UserError:
        return None


def _start(config: Mapping[str, Any]) -> str:
    """Return the names of the trainings that the initial weights come from."""
    files = {str(text).split(":")[0] for text in config.get("init_param") or ()}
    return ", ".join(sorted(Path(file).parent.name for file in files)) or "random"


def _set(config: Mapping[str, Any]) -> str:
    """Return the name of the directory that contains the first training file."""
    files = config.get(FILES)
    return Path(files[0][0]).parent.name if files else "unknown"
