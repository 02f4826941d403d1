"""Write teachers, recognizers and acoustic tokens with random weights as files for a training.

The time that a model takes does not depend on its weights.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import torch
import yaml
from espnet2.tasks.abs_task import AbsTask
from espnet2.tasks.asr import ASRTask

from espnet_kd.checkpoint import sha256
from espnet_kd.distill.centroids import Centroids, write_centroids
from espnet_kd.enh.recognizer import LAST
from espnet_kd.tasks.base_config import parse_with_base
from espnet_kd.tasks.enh_kd import EnhKDTask

TOKENS = ("<blank>", "<unk>", "<space>", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'", "<sos/eos>")
CLUSTERS = 500  # the default of bin/acoustic_tokens.py


def write_teacher(config: Path, directory: Path) -> dict[str, str]:
    """Write a teacher, and return the training arguments that name it.

    Args:
        config: YAML file in conf/ for EnhKDTask.
        directory: directory to write to.
    """
    args = parse_with_base(EnhKDTask.get_parser, ["--config", str(config)])
    return _write(EnhKDTask, args, directory / config.stem, "teacher")


def write_student(config: Path, directory: Path) -> Path:
    """Write a Conv-TasNet whose output is close to its input, as a training directory.

    The decoder has the filters of the encoder, orthogonalized so that both together keep the
    level. With random filters the output is too faint for 16 bits.

    Args:
        config: YAML file in conf/ for EnhKDTask.
        directory: directory to write to.

    Returns:
        The directory of config.yaml and model.pth.
    """
    args = parse_with_base(EnhKDTask.get_parser, ["--config", str(config)])
    values = _write(EnhKDTask, args, directory / config.stem, "student")
    checkpoint = Path(values["student_checkpoint"])
    state = torch.load(checkpoint)
    filters = state["encoder.conv1d.weight"]
    torch.nn.init.orthogonal_(filters.squeeze(1))
    state["decoder.convtrans1d.weight"] = filters.clone()
    torch.save(state, checkpoint)
    return checkpoint.parent


def write_recognizer(config: Path, directory: Path) -> dict[str, str]:
    """Write a recognizer and centroids of its latents; return the arguments that name them.

    Args:
        config: YAML file in conf/ for ESPnet's ASRTask.
        directory: directory to write to.
    """
    args = ASRTask.get_parser().parse_args(["--config", str(config)])
    values = _write(ASRTask, args, directory / config.stem, "kd_asr")
    width = args.encoder_conf["output_size"]
    vectors = np.random.default_rng(0).standard_normal((CLUSTERS, width), dtype=np.float32)
    centroids = directory / "centroids.npz"
    checksum = sha256(values["kd_asr_checkpoint"])
    write_centroids(centroids, Centroids(vectors, LAST, checksum))
    return {**values, "kd_centroids": str(centroids)}


def _write(task: type[AbsTask], args: Namespace, directory: Path, prefix: str) -> dict[str, str]:
    torch.manual_seed(0)
    args.token_type, args.token_list = "char", list(TOKENS)
    model = task.build_model(args)
    directory.mkdir()
    config, checkpoint = directory / "config.yaml", directory / "model.pth"
    config.write_text(yaml.safe_dump(vars(args)), encoding="utf-8")
    torch.save(model.state_dict(), checkpoint)
    return {f"{prefix}_config": str(config), f"{prefix}_checkpoint": str(checkpoint)}
