"""Read training configurations and weights safely, load weights strictly, compute checksums."""

from __future__ import annotations

import datetime
import hashlib
import os
import pickle
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from espnet_kd.errors import UserError

if TYPE_CHECKING:  # commands that only need checksums or configurations do not load torch
    import torch

CHECKPOINT = "checkpoint.pth"  # ESPnet writes it after each epoch, to resume from


def read_config(config: str | os.PathLike, needed: str) -> dict[str, Any]:
    """Read a training configuration.

    Args:
        config: `config.yaml` of a training.
        needed: key that only the configuration of the right kind of model has.

    Raises:
        UserError: the file does not exist, cannot be read, is not YAML, or lacks the key.
    """
    try:
        values = yaml.safe_load(Path(config).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(config, "does not exist", "train the model first") from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise UserError(config, problem, "give the config.yaml of the training") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UserError(config, "is not YAML", "give the config.yaml of the training") from None
    if not isinstance(values, dict) or needed not in values:
        raise UserError(config, f"has no '{needed}'", "give the config.yaml of the right model")
    return values


def read_state(checkpoint: str | os.PathLike) -> dict[str, torch.Tensor]:
    """Read a state dict without running code that the file may contain.

    Raises:
        UserError: the file does not exist, is cut or damaged, or is not a checkpoint of weights.
    """
    import torch

    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(checkpoint, "does not exist", "train the model first") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError):
        state = None
    if zipfile.is_zipfile(checkpoint) and not is_whole(checkpoint):  # old files are no archives
        state = None
    weights = isinstance(state, dict) and all(isinstance(key, str) for key in state)
    if not weights or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise UserError(
            checkpoint,
            "is cut, damaged, or not a checkpoint of weights",
            "give a .pth file of a model that ESPnet wrote",
        )
    return state


def read_training_state(checkpoint: str | os.PathLike) -> dict[str, Any]:
    """Read the `checkpoint.pth` of a training without running code that the file may contain.

    Returns:
        The states of `model`, `reporter`, `optimizers`, `schedulers` and `scaler`. Tensors are
        read from the file when they are used.

    Raises:
        UserError: the file does not exist, is cut, empty or damaged, or is something else.
    """
    import numpy as np
    import torch

    # Types of ESPnet's statistics and schedulers in addition to plain numbers.
    types = [
        datetime.timedelta,
        np.dtype,
        *(kind for name, kind in vars(np.dtypes).items() if name.endswith("DType")),
        np.ndarray,
        np.zeros(1).__reduce__()[0],  # builds arrays
        np.float64(0).__reduce__()[0],  # builds NumPy scalars
    ]
    try:
        with torch.serialization.safe_globals(types):
            state = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    except FileNotFoundError:
        raise UserError(checkpoint, "does not exist", "train the model first") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError):
        state = None
    whole = isinstance(state, dict) and is_whole(checkpoint)
    if not whole or not isinstance(state.get("reporter"), dict):
        raise UserError(
            checkpoint,
            "is cut, empty, damaged or not a checkpoint of a training",
            "remove its directory and train again",
        )
    return state


def is_whole(path: str | os.PathLike) -> bool:
    """Return whether a file that torch wrote has all its bytes, by their checksums.

    torch itself does not compare them, and would continue with damaged weights.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError):
        return False


def load_strictly(
    model: torch.nn.Module, state: dict[str, torch.Tensor], checkpoint: str | os.PathLike
) -> None:
    """Load weights into a model whose keys and shapes must all match.

    Raises:
        UserError: a key is missing or unknown, or its shape differs; names the first such key.
    """
    problems = mismatches(model, state)
    if problems:
        more = f" (and {len(problems) - 1} more such keys)" if len(problems) > 1 else ""
        raise UserError(checkpoint, problems[0] + more, "give the config.yaml it was trained with")
    model.load_state_dict(state, strict=True)


def mismatches(model: torch.nn.Module, state: dict[str, torch.Tensor]) -> list[str]:
    """Say which weights are missing, unknown, or of another shape than in the model."""
    expected = model.state_dict()
    problems = [f"has no '{key}'" for key in expected if key not in state]
    problems += [
        f"has '{key}', which the model does not have" for key in state if key not in expected
    ]
    problems += [
        f"'{key}' has shape {tuple(state[key].shape)}, but {tuple(value.shape)} in the model"
        for key, value in expected.items()
        if key in state and state[key].shape != value.shape
    ]
    return problems


def sha256(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def checksums(paths: Iterable[str | os.PathLike]) -> str:
    """Return lines `<sha256>  <path>`, as `sha256sum -c` reads them."""
    return "".join(f"{sha256(path)}  {os.fspath(path)}\n" for path in paths)
