"""Arguments that the KD task adds to those of ESPnet's enhancement task."""

from __future__ import annotations

import argparse

from espnet2.utils.nested_dict_action import NestedDictAction
from espnet2.utils.types import str2bool, str_or_none

from espnet_kd.enh.fast.execution import AUTOCAST_DTYPES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the KD task to ESPnet's parser."""
    group = parser.add_argument_group(description="Knowledge distillation")
    group.add_argument("--token_type", choices=["char", "bpe"], default="char")
    group.add_argument(
        "--token_list", type=str_or_none, help="Token list; none for a model without text"
    )
    group.add_argument("--bpemodel", type=str_or_none, help="SentencePiece model file")
    group.add_argument(
        "--filterbank_init",
        choices=["random", "fourier"],
        default="random",
        help="How the filters of the convolutional encoder and decoder are initialized",
    )
    group.add_argument(
        "--second_noise_scp",
        type=str_or_none,
        help="List of background recordings; pairs each simulated mixture with a second noise",
    )
    group = parser.add_argument_group(description="Controls")
    group.add_argument(
        "--steps_per_epoch",
        help="Number of steps in each epoch (YAML only), a list; the data are used as often as "
        "that takes",
    )
    group.add_argument(
        "--steps_like",
        type=str_or_none,
        help="Output directory of another training; take as many epochs and steps as it took",
    )
    group = parser.add_argument_group(description="Speed")
    group.add_argument(
        "--compile",
        type=str2bool,
        default=False,
        help="Compile the blocks of a Conv-TasNet; a training takes longer to start",
    )
    group.add_argument(
        "--autocast_dtype",
        type=str_or_none,
        choices=AUTOCAST_DTYPES,
        help="Autocast precision of the separator, on CPU and GPU; losses stay in float32",
    )
    _add_kd_arguments(parser)


def _add_kd_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `conf/kd/*.yaml` sets and the paths that the command line sets."""
    group = parser.add_argument_group(description="Knowledge distillation")
    group.add_argument("--base", help="File or list of files to start from (YAML only)")
    group.add_argument(
        "--plugins", default=[], help="List of modules that add your own separators (YAML only)"
    )
    group.add_argument(
        "--kd_losses",
        action=NestedDictAction,
        default={},
        help="KD losses by name: type, weight, categories, taps, conf; see "
        "espnet_kd/distill/settings.py",
    )
    group.add_argument(
        "--kd_stages",
        default=[],
        help="List of trainings to run in turn (YAML only): name, max_epoch, losses, options",
    )
    group.add_argument(
        "--supervised_weight",
        type=float,
        default=1.0,
        help="Weight of the supervised criterions; 0: only log them",
    )
    group.add_argument("--teacher_config", type=str_or_none, help="config.yaml of the teacher")
    group.add_argument("--teacher_checkpoint", type=str_or_none, help="Weights of the teacher")
    group.add_argument("--kd_asr_config", type=str_or_none, help="config.yaml of the recognizer")
    group.add_argument("--kd_asr_checkpoint", type=str_or_none, help="Weights of the recognizer")
    group.add_argument("--kd_centroids", type=str_or_none, help="Output of bin/acoustic_tokens.py")
