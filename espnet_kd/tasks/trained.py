"""Load trained models from the configuration and the weights of a training."""

from __future__ import annotations

import contextlib
import os
from argparse import Namespace
from collections.abc import Iterator

import torch

from espnet_kd.checkpoint import load_strictly, read_config, read_state
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.distill.publish import student_state
from espnet_kd.errors import UserError
from espnet_kd.host import rename_weights


def load_model(
    config: str | os.PathLike, checkpoint: str | os.PathLike
) -> tuple[torch.nn.Module, Namespace]:
    """Build a speech-enhancement model from its training configuration and load its weights.

    ESPnet's own loader is not strict: it silently accepts a checkpoint without a matching key.

    Args:
        config: `config.yaml` of the training.
        checkpoint: state dict, for example `valid.si_snr_loss.ave.pth`.

    Returns:
        The model in evaluation mode on the CPU, and the training arguments. Whether a stock model
        was trained at 16 kHz cannot be checked, because its configuration does not say.

    Raises:
        UserError: a file cannot be read, the configuration describes no model, the sampling rate
            is not 16 kHz, or a key is missing, unknown or of another shape.
    """
    values = read_config(config, "separator")
    from espnet_kd.registry import load_plugins
    from espnet_kd.tasks.build import build_enhancer, default_arguments

    load_plugins(values.get("plugins") or [])
    args = Namespace(**{**default_arguments(), **values})
    if args.preprocessor != "enh_kd":
        args.sample_rate = SAMPLE_RATE  # stock recipes leave it at 8000, whatever they train at
    elif args.sample_rate != SAMPLE_RATE:
        raise UserError(config, f"sample_rate is {args.sample_rate}", f"train at {SAMPLE_RATE}")
    with _described_by(config):
        model = build_enhancer(args)
    state = student_state(read_state(checkpoint), args.kd_losses)
    return _load(model, state, checkpoint), args


def load_asr_model(
    config: str | os.PathLike, checkpoint: str | os.PathLike
) -> tuple[torch.nn.Module, Namespace]:
    """Build a stock ESPnet recognizer and load its weights; see `load_model`."""
    args = Namespace(**read_config(config, "token_list"))
    from espnet2.tasks.asr import ASRTask

    with _described_by(config):
        model = ASRTask.build_model(args)
    state = rename_weights(read_state(checkpoint), model.state_dict())
    return _load(model, state, checkpoint), args


@contextlib.contextmanager
def _described_by(config: str | os.PathLike) -> Iterator[None]:
    """Name the configuration in any error of a model that is built from it.

    The classes of ESPnet raise errors of many types for a configuration that was cut or edited.
    """
    try:
        yield
    except Exception as error:
        problem = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        raise UserError(
            config,
            f"describes no model that can be built ({problem})",
            "give the config.yaml as the training wrote it",
        ) from error


def _load(
    model: torch.nn.Module, state: dict[str, torch.Tensor], checkpoint: str | os.PathLike
) -> torch.nn.Module:
    load_strictly(model, state, checkpoint)
    return model.eval()
