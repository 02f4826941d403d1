"""What models learned from, by the configurations of their trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from espnet_kd.checkpoint import read_config

FILES = "train_data_path_and_name_and_type"


def trainings_in_words(configs: Sequence[str]) -> str:
    """Lines of a list with the seed and the set of each training; empty where there is none.

    Args:
        configs: `<training>/config.yaml`.
    """
    read = {Path(path).parent.name: read_config(path, "seed") for path in configs}
    if not read:
        return ""
    seeds = ", ".join(f"{name} `{config['seed']}`" for name, config in read.items())
    sets = ", ".join(f"{name} `{_set(config)}`" for name, config in read.items())
    return f"\n- seeds of the trainings: {seeds}\n- sets of the trainings: {sets}"


def training_set_of(model: str, configs: Sequence[str]) -> str | None:
    """Set of the training whose directory has this name; None if it is not among them."""
    path = next((path for path in configs if Path(path).parent.name == model), None)
    return None if path is None else _set(read_config(path, FILES))


def _set(config: Mapping[str, Any]) -> str:
    """Name of the directory of the first training file."""
    files = config.get(FILES)
    return Path(files[0][0]).parent.name if files else "unknown"
