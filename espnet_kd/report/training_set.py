"""Report the seeds and training sets of models, from the configurations of their trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from espnet_kd.checkpoint import read_config

FILES = "train_data_path_and_name_and_type"


def trainings_in_words(configs: Sequence[str]) -> str:
    """Return list items with the seed and the set of each training, or "" without trainings.

    Args:
        configs: paths of the form `<training>/config.yaml`.
    """
    read = {Path(path).parent.name: read_config(path, "seed") for path in configs}
    if not read:
        return ""
    seeds = ", ".join(f"{name} `{config['seed']}`" for name, config in read.items())
    sets = ", ".join(f"{name} `{_set(config)}`" for name, config in read.items())
    return f"\n- seeds of the trainings: {seeds}\n- sets of the trainings: {sets}"


def training_set_of(model: str, configs: Sequence[str]) -> str | None:
    """Return the set of the training whose directory has this name, or None if there is none."""
    path = next((path for path in configs if Path(path).parent.name == model), None)
    return None if path is None else _set(read_config(path, FILES))


def _set(config: Mapping[str, Any]) -> str:
    """Return the name of the directory that contains the first training file."""
    files = config.get(FILES)
    return Path(files[0][0]).parent.name if files else "unknown"
