"""Configurations and weights of trainings: read safely, load strictly, tell one from another."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from espnet_kd.errors import UserError

if TYPE_CHECKING:  # checksums and configurations are read by commands that need no model
    import torch


def read_config(config: str | os.PathLike, needed: str) -> dict[str, Any]:
    """Read a training configuration; `needed` is a key that only the right kind of model has."""
    try:
        values = yaml.safe_load(Path(config).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(config, "does not exist", "train the model first") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UserError(config, "is not YAML", "give the config.yaml of the training") from None
    if not isinstance(values, dict) or needed not in values:
        raise UserError(config, f"has no '{needed}'", "give the config.yaml of the right training")
    return values


def read_state(checkpoint: str | os.PathLike) -> dict[str, torch.Tensor]:
    """Read a state dict; never runs code stored in the file."""
    import torch

    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(checkpoint, "does not exist", "train the model first") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        state = None
    if not isinstance(state, dict):
        raise UserError(checkpoint, "is not a checkpoint of weights", "give a .pth file of ESPnet")
    return state


def load_strictly(
    model: torch.nn.Module, state: dict[str, torch.Tensor], checkpoint: str | os.PathLike
) -> None:
    """Load weights into a model.

    Raises:
        UserError: a key is missing, unknown or of another shape; names the first one.
    """
    expected = model.state_dict()
    problems = [f"has no '{key}'" for key in expected if key not in state]
    problems += [f"has '{key}', which the model has not" for key in state if key not in expected]
    problems += [
        f"'{key}' has shape {tuple(state[key].shape)}, the model {tuple(value.shape)}"
        for key, value in expected.items()
        if key in state and state[key].shape != value.shape
    ]
    if problems:
        more = f" (and {len(problems) - 1} more such keys)" if len(problems) > 1 else ""
        raise UserError(checkpoint, problems[0] + more, "give the config.yaml it was trained with")
    model.load_state_dict(state, strict=True)


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def checksums(paths: Iterable[str | os.PathLike]) -> str:
    """Lines `<sha256>  <path>` as `sha256sum -c` reads them."""
    return "".join(f"{sha256(path)}  {os.fspath(path)}\n" for path in paths)
