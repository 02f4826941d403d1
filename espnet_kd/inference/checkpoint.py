"""Load trained models strictly, and tell one checkpoint from another."""

from __future__ import annotations

import hashlib
import os
import pickle
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import yaml

from espnet_kd import host
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.distill.publish import student_state
from espnet_kd.errors import UserError


def load_model(
    config: str | os.PathLike, checkpoint: str | os.PathLike
) -> tuple[torch.nn.Module, Namespace]:
    """Build a speech-enhancement model from its training configuration and load its weights.

    ESPnet's own loader is not strict: it takes a checkpoint without one fitting key in silence.

    Args:
        config: `config.yaml` of the training.
        checkpoint: state dict, for example `valid.si_snr_loss.ave.pth`.

    Returns:
        The model in evaluation mode on the CPU, and the training arguments.

    Raises:
        UserError: an unreadable file, a key missing or unknown, or another shape.
    """
    values = read_config(config, "separator")
    host.prepare()
    from espnet_kd.registry import load_plugins
    from espnet_kd.tasks.enh_kd import EnhKDTask

    load_plugins(values.get("plugins") or [])
    # A configuration of stock ESPnet lacks our options.
    defaults = vars(EnhKDTask.get_parser().parse_args([]))
    args = Namespace(**{**defaults, **values})
    if args.sample_rate != SAMPLE_RATE:
        raise UserError(config, f"sample_rate is {args.sample_rate}", f"train at {SAMPLE_RATE}")
    state = student_state(read_state(checkpoint), args.kd_losses)
    return _load(EnhKDTask.build_enhancer(args), state, checkpoint), args


def load_asr_model(
    config: str | os.PathLike, checkpoint: str | os.PathLike
) -> tuple[torch.nn.Module, Namespace]:
    """Do as `load_model` for a stock ESPnet recogniser."""
    args = Namespace(**read_config(config, "token_list"))
    host.prepare()
    from espnet2.tasks.asr import ASRTask

    return _load(ASRTask.build_model(args), read_state(checkpoint), checkpoint), args


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


def _load(
    model: torch.nn.Module, state: dict[str, torch.Tensor], checkpoint: str | os.PathLike
) -> torch.nn.Module:
    load_strictly(model, state, checkpoint)
    return model.eval()
