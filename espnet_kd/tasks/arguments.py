"""Arguments of the KD task beside those of ESPnet's enhancement task."""

from __future__ import annotations

import argparse

from espnet2.utils.nested_dict_action import NestedDictAction
from espnet2.utils.types import str2bool, str_or_none

from espnet_kd.enh.fast.execution import AUTOCAST_DTYPES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add all of them to ESPnet's parser."""
    group = parser.add_argument_group(description="Knowledge distillation")
    group.add_argument("--token_type", choices=["char", "bpe"], default="char")
    group.add_argument("--token_list", type=str_or_none, help="Token list; none: no text")
    group.add_argument("--bpemodel", type=str_or_none, help="Model file of sentencepiece")
    group.add_argument(
        "--filterbank_init",
        choices=["random", "fourier"],
        default="random",
        help="Start of the convolutional encoder and decoder",
    )
    group.add_argument(
        "--second_noise_scp",
        type=str_or_none,
        help="Background recordings: each simulated mixture also comes with another noise",
    )
    group = parser.add_argument_group(description="Speed")
    group.add_argument(
        "--compile",
        type=str2bool,
        default=False,
        help="Compile the blocks of a Conv-TasNet; the start of a training takes longer",
    )
    group.add_argument(
        "--autocast_dtype",
        type=str_or_none,
        choices=AUTOCAST_DTYPES,
        help="Precision of the separator's products, on CPU and GPU; losses stay in float32",
    )
    _add_kd_arguments(parser)


def _add_kd_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `conf/kd/*.yaml` sets, and the paths that the command line gives."""
    group = parser.add_argument_group(description="Knowledge distillation")
    group.add_argument("--base", help="Files that --config starts from (YAML only): one or a list")
    group.add_argument(
        "--plugins", default=[], help="Modules with classes of one's own (YAML only): a list"
    )
    group.add_argument(
        "--kd_losses",
        action=NestedDictAction,
        default={},
        help="name -> type, weight, categories, taps, conf; see espnet_kd/distill/settings.py",
    )
    group.add_argument(
        "--kd_stages",
        default=[],
        help="List of trainings, one after the other (YAML only): name, max_epoch, losses, options",
    )
    group.add_argument(
        "--supervised_weight", type=float, default=1.0, help="Scale of the criterions; 0: log only"
    )
    group.add_argument("--teacher_config", type=str_or_none, help="config.yaml of the teacher")
    group.add_argument("--teacher_checkpoint", type=str_or_none, help="Weights of the teacher")
    group.add_argument("--kd_asr_config", type=str_or_none, help="config.yaml of a recognizer")
    group.add_argument("--kd_asr_checkpoint", type=str_or_none, help="Weights of the recognizer")
    group.add_argument("--kd_centroids", type=str_or_none, help="File of bin/acoustic_tokens.py")
