"""Load trained models: from a training's configuration and weights to what it has learned."""

from __future__ import annotations

import os
from argparse import Namespace

import torch

from espnet_kd.checkpoint import load_strictly, read_config, read_state
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
        The model in evaluation mode on the CPU, and the training arguments. That a stock model was
        trained at 16 kHz cannot be checked: its configuration does not say.

    Raises:
        UserError: an unreadable file, a key missing or unknown, or another shape.
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
    state = student_state(read_state(checkpoint), args.kd_losses)
    return _load(build_enhancer(args), state, checkpoint), args


def load_asr_model(
    config: str | os.PathLike, checkpoint: str | os.PathLike
) -> tuple[torch.nn.Module, Namespace]:
    """Do as `load_model` for a stock ESPnet recognizer."""
    args = Namespace(**read_config(config, "token_list"))
    from espnet2.tasks.asr import ASRTask

    return _load(ASRTask.build_model(args), read_state(checkpoint), checkpoint), args


def _load(
    model: torch.nn.Module, state: dict[str, torch.Tensor], checkpoint: str | os.PathLike
) -> torch.nn.Module:
    load_strictly(model, state, checkpoint)
    return model.eval()
