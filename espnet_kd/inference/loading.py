"""Options and set-up that the commands around trained models share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from espnet_kd.errors import UserError
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.text import model_tokenizer
from espnet_kd.inference.utterances import Utterance, read_utterances
from espnet_kd.tasks.trained import load_model


def add_model_options(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """Add --config, --checkpoint, --sets, --ngpu and --nj."""
    parser.add_argument("--config", required=required, help="config.yaml of the training")
    parser.add_argument("--checkpoint", required=required, help="weights: valid.*.ave.pth")
    parser.add_argument("--sets", nargs="+", required=True, help="set directories")
    parser.add_argument("--ngpu", type=int, default=0, choices=(0, 1), help="1: work on a GPU")
    parser.add_argument("--nj", type=int, default=1, help="processes, on the CPU only")


def enhancement_options(description: str | None, cmd: list[str] | None) -> argparse.Namespace:
    """Parse the command line of a command that writes enhanced sets.

    Returns:
        Options of `add_model_options`, `text_name` and `align_name` (files of the sets for
        text-informed models) and `out`.

    Raises:
        UserError: a set that is not there, or two of one name.
    """
    parser = argparse.ArgumentParser(description=description)
    add_model_options(parser)
    parser.add_argument("--text_name", default="text", help="transcripts a teacher is given")
    parser.add_argument("--align_name", default="align", help="alignments a teacher is given")
    parser.add_argument("--out", required=True, help="directory to write sets into")
    options = parser.parse_args(cmd)
    _check_sets(options.sets)
    return options


def choose_device(ngpu: int) -> str:
    """Give "cuda" or "cpu"."""
    if ngpu and not torch.cuda.is_available():
        raise UserError("--ngpu", "is 1, but no GPU is visible", "give --ngpu 0")
    return "cuda" if ngpu else "cpu"


def load_enhancer(options: argparse.Namespace) -> Enhancer:
    """Load the model that `add_model_options` names."""
    device = choose_device(options.ngpu)
    model, args = load_model(options.config, options.checkpoint)
    return Enhancer(model, model_tokenizer(args) if model.takes_text else None, device)


def read_set(
    set_dir: str, enhancer: Enhancer, options: argparse.Namespace
) -> tuple[list[Utterance], list[Path]]:
    """Read a set with what the model needs.

    Returns:
        The utterances, and the files that an output depends on.
    """
    text_name = options.text_name if enhancer.model.takes_text else None
    align_name = options.align_name if enhancer.model.takes_alignment else None
    utterances = read_utterances(set_dir, text_name, align_name)
    lists = [Path(set_dir) / name for name in ("wav.scp", text_name, align_name) if name]
    return utterances, [Path(options.checkpoint), Path(options.config), *lists]


def _check_sets(sets: Sequence[str]) -> None:
    """Refuse, before a model is loaded, sets that are not there or would be written over."""
    names = [Path(set_dir).name for set_dir in sets]
    for set_dir, name in zip(sets, names, strict=True):
        if not Path(set_dir).is_dir():
            raise UserError(set_dir, "is no directory", "run the stage that writes it")
        if names.count(name) > 1:
            raise UserError("--sets", f"'{name}' stands twice", "give each name once")
