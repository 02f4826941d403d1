"""Options and setup shared by the commands that use trained models."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from espnet_kd.errors import UserError
from espnet_kd.inference.observation import ONLY_ENHANCED, ObservationWeight

if TYPE_CHECKING:  # slow to import, and some parts of a command need no model
    import torch

    from espnet_kd.inference.enhancer import Enhancer


def add_model_options(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """Add --config, --checkpoint, --sets and --ngpu."""
    parser.add_argument("--config", required=required, help="config.yaml of the training")
    parser.add_argument("--checkpoint", required=required, help="weights: valid.*.ave.pth")
    parser.add_argument("--sets", nargs="+", required=True, help="set directories")
    parser.add_argument("--ngpu", type=int, default=0, choices=(0, 1), help="1: use a GPU")


def add_recognizer_options(parser: argparse.ArgumentParser) -> None:
    """Add --config, --checkpoint, --ngpu and --nj, for commands that use a recognizer."""
    parser.add_argument("--config", required=True, help="config.yaml of the recognizer")
    parser.add_argument("--checkpoint", required=True, help="weights of the recognizer")
    parser.add_argument("--ngpu", type=int, default=0, choices=(0, 1), help="1: use a GPU")
    add_process_option(parser)


def add_process_option(parser: argparse.ArgumentParser) -> None:
    """Add --nj."""
    parser.add_argument("--nj", type=int, default=1, help="number of processes; ignored on a GPU")


def choose_device(ngpu: int, job: int = 0) -> str:
    """Return the device to use; jobs take the visible GPUs in turn.

    Args:
        ngpu: 0 for the CPU, 1 for a GPU.
        job: number of the job, from 0.

    Returns:
        "cpu" or e.g. "cuda:0", which is then the current GPU.

    Raises:
        UserError: no GPU is visible.
    """
    import torch

    if not ngpu:
        return "cpu"
    if not torch.cuda.is_available():
        raise UserError("--ngpu", "is 1, but no GPU is visible", "give --ngpu 0")
    index = job % torch.cuda.device_count()
    torch.cuda.set_device(index)  # for tensors that a model creates on "cuda"
    return f"cuda:{index}"


def keep_to_one_core() -> None:
    """Let PyTorch use one thread unless OMP_NUM_THREADS is set, for jobs that run in parallel."""
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)


def load_enhancer(
    config: str | os.PathLike,
    checkpoint: str | os.PathLike,
    device: str = "cpu",
    compile_blocks: bool = False,
    autocast_dtype: str | None = None,
    observation_weight: ObservationWeight = ONLY_ENHANCED,
) -> Enhancer:
    """Load a trained model; for errors see `load_model`.

    Args:
        config: `config.yaml` of the training.
        checkpoint: file of the weights.
        device: device to compute on.
        compile_blocks: see `set_execution`.
        autocast_dtype: see `set_execution`.
        observation_weight: see `Enhancer`.
    """
    from espnet_kd.enh.fast.execution import set_execution
    from espnet_kd.inference.enhancer import Enhancer
    from espnet_kd.inference.text import model_tokenizer
    from espnet_kd.tasks.trained import load_model

    model, args = load_model(config, checkpoint)
    set_execution(model, compile_blocks, autocast_dtype, device)
    tokenize = model_tokenizer(args) if model.takes_text else None
    return Enhancer(model, tokenize, device, observation_weight=observation_weight)


def conditions(model: torch.nn.Module) -> list[str]:
    """Return what a model reads in addition to the mixture: names out of "text" and "align"."""
    needed = {"text": model.takes_text, "align": model.takes_alignment}
    return [name for name in needed if needed[name]]
