"""Pack a trained model into one zip file, in the form of ESPnet's model zoo."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espnet_kd import host
from espnet_kd.errors import UserError
from espnet_kd.export.stock import (
    Trained,
    check_stock,
    other_classes,
    read_trained,
    stock_config,
    write_model,
)
from espnet_kd.fileio import atomic_path

# Keys that name files, people's accounts and teachers of the training: a published model has none
# of them, and no model is built from them.
PLACES = (
    *("base", "config", "output_dir", "init_param", "pretrain_path", "freeze_param", "steps_like"),
    *("train_data_path_and_name_and_type", "valid_data_path_and_name_and_type"),
    *("train_shape_file", "valid_shape_file", "utt2spk", "noise_scp", "rir_scp"),
    *("second_noise_scp", "token_list", "bpemodel", "teacher_config", "teacher_checkpoint"),
    *("kd_asr_config", "kd_asr_checkpoint", "kd_centroids", "kd_losses", "kd_stages"),
    *("wandb_project", "wandb_id", "wandb_entity", "wandb_name"),
)


@dataclass(frozen=True)
class Published:
    """A model as it is packed.

    Attributes:
        trained: what the training left.
        other: parts whose classes are not in stock ESPnet; if there are any, the model loads only
            with this package.
    """

    trained: Trained
    other: dict[str, str]

    @property
    def parameters(self) -> int:
        """The number of values in the weights."""
        return sum(value.numel() for value in self.trained.state.values())


def publish(
    exp_dir: str | os.PathLike, out_dir: str | os.PathLike, checkpoint: str = ""
) -> Published:
    """Write `config.yaml` and `model.pth`, for stock ESPnet if it has all classes of the model.

    Args:
        exp_dir: training directory with `config.yaml` and `valid.*.ave.pth`.
        out_dir: directory to write into.
        checkpoint: file of weights in `exp_dir`; by default its only `valid.*.ave.pth`.

    Raises:
        UserError: the model reads transcripts; see also `export_stock` and `load_model`.
    """
    trained = read_trained(exp_dir, checkpoint)
    host.prepare()
    other = other_classes(trained.values)
    if not other:
        values = stock_config(trained.values, trained.config)
        check_stock(values, trained)
        write_model(out_dir, _without_places(values), trained.state)
        return Published(trained, other)
    from espnet_kd.tasks.trained import load_model

    model, _ = load_model(trained.config, trained.weights)
    if model.takes_text:
        raise UserError(trained.config, "this model also needs the transcript", "pack a student")
    write_model(out_dir, _without_places(trained.values), trained.state)
    return Published(trained, other)


def _without_places(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in PLACES}


def add_onnx(published: Published, out: Path) -> bool:
    """Write the model as ONNX as well, if it can enhance a live signal.

    Args:
        published: what `publish` returned.
        out: file to write.

    Returns:
        Whether it was written.

    Raises:
        UserError: onnx or onnxruntime is not installed; see `write_onnx`.
    """
    from espnet_kd.export.onnx import write_onnx
    from espnet_kd.streaming.hop_model import HopModel
    from espnet_kd.tasks.trained import load_model

    model, _ = load_model(published.trained.config, published.trained.weights)
    try:
        HopModel(model)
    except UserError:
        return False
    write_onnx(model, out)
    return True


def zip_model(folder: Path, out: Path) -> None:
    """Pack all files of a folder from `publish`, with ESPnet's own packing function.

    `SeparateSpeech.from_pretrained(model_tag=out)` loads the file.

    Args:
        folder: has `config.yaml`, `model.pth` and any documents.
        out: zip file to write, atomically.
    """
    from espnet2.main_funcs.pack_funcs import pack

    others = sorted(path.name for path in folder.iterdir())
    others = [name for name in others if name not in ("config.yaml", "model.pth")]
    quiet = contextlib.redirect_stdout(io.StringIO())  # ESPnet prints a line for each file
    with atomic_path(out.resolve()) as temporary, _inside(folder), quiet:
        pack(
            files={"model_file": "model.pth"},
            yaml_files={"train_config": "config.yaml"},
            outpath=temporary,
            option=others,
        )


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a folder: ESPnet records files outside the working directory by absolute paths."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
