"""Export a trained model so that stock ESPnet can load it without this package."""

from __future__ import annotations

import inspect
import os
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import yaml

from espnet_kd import host
from espnet_kd.checkpoint import load_strictly, read_config, read_state
from espnet_kd.distill.publish import student_state
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_text

if TYPE_CHECKING:  # host.prepare comes before ESPnet
    from espnet2.train.class_choices import ClassChoices

# Parts of a model whose class is chosen by name; all of them need a stock class for an export.
PARTS = ("encoder", "separator", "decoder", "mask_module", "diffusion_model")


class NotStockError(UserError):
    """The model has a class that stock ESPnet does not have."""


def export_stock(
    exp_dir: str | os.PathLike, out_dir: str | os.PathLike, checkpoint: str = ""
) -> tuple[Path, Path]:
    """Write `config.yaml` and `model.pth` for stock `enh_inference`, `pack` and `--init_param`.

    The output of stock `enh_inference` with `normalize_output_wav: false` then equals the output of
    this package, except for one gain per utterance (`espnet_kd.distill.gain.match_gain`).

    Keys that the stock task does not know are dropped, and so are this package's preprocessor and
    criterions, because they matter only in training.

    Args:
        exp_dir: training directory with `config.yaml` and `valid.*.ave.pth`.
        out_dir: directory to write into.
        checkpoint: file of weights in `exp_dir`; by default its only `valid.*.ave.pth`.

    Returns:
        The files of the configuration and the weights.

    Raises:
        NotStockError: the model has a class that is not in stock ESPnet.
        UserError: the weights do not fit, or there is not exactly one checkpoint to choose.
    """
    trained = read_trained(exp_dir, checkpoint)
    host.prepare()
    stock = stock_config(trained.values, trained.config)
    check_stock(stock, trained)
    return write_model(out_dir, stock, trained.state)


@dataclass(frozen=True)
class Trained:
    """What a training left.

    Attributes:
        config: its `config.yaml`.
        weights: its file of averaged weights.
        values: its configuration.
        state: its weights, without those of KD losses.
    """

    config: Path
    weights: Path
    values: dict[str, Any]
    state: dict[str, torch.Tensor]


def read_trained(exp_dir: str | os.PathLike, checkpoint: str = "") -> Trained:
    """Read configuration and weights of a training directory; see `export_stock` for errors."""
    config = Path(exp_dir) / "config.yaml"
    values = read_config(config, "separator")
    weights = Path(exp_dir) / checkpoint if checkpoint else averaged_checkpoint(exp_dir)
    state = student_state(read_state(weights), values.get("kd_losses") or {})
    return Trained(config, weights, values, state)


def check_stock(stock: dict[str, Any], trained: Trained) -> None:
    """Reject weights that do not fit the model that stock ESPnet builds."""
    from espnet2.tasks.enh import EnhancementTask

    load_strictly(EnhancementTask.build_model(Namespace(**stock)), trained.state, trained.weights)


def write_model(
    out_dir: str | os.PathLike, config: dict[str, Any], state: dict[str, torch.Tensor]
) -> tuple[Path, Path]:
    """Write `config.yaml` and `model.pth`, atomically; return both."""
    out_config, out_model = Path(out_dir) / "config.yaml", Path(out_dir) / "model.pth"
    torch.save(state, out_model)  # atomic because of host.prepare
    write_text(out_config, yaml.safe_dump(config, sort_keys=False))
    return out_config, out_model


def averaged_checkpoint(exp_dir: str | os.PathLike) -> Path:
    """Return the only `valid.*.ave.pth` of a training directory.

    Raises:
        UserError: there is none, or more than one.
    """
    found = sorted(Path(exp_dir).glob("valid.*.ave.pth"))
    if len(found) != 1:
        raise UserError(
            exp_dir,
            f"has {len(found)} files valid.*.ave.pth ({' '.join(path.name for path in found)})",
            "choose one with --checkpoint",
        )
    return found[0]


def stock_config(values: dict[str, Any], config: str | os.PathLike) -> dict[str, Any]:
    """Reduce a training configuration to what stock ESPnet's enhancement task knows.

    Args:
        values: the training configuration.
        config: file of the configuration, to name in errors.

    Raises:
        NotStockError: the model has a class that is not in stock ESPnet.
    """
    from espnet2.enh.espnet_model import ESPnetEnhancementModel
    from espnet2.tasks import enh

    defaults = vars(enh.EnhancementTask.get_parser().parse_args([]))
    stock = {key: value for key, value in values.items() if key in defaults}
    for part, name in other_classes(stock).items():
        remedy = (
            "see docs/add_a_student.md" if values.get("plugins") else "use it with this package"
        )
        raise NotStockError(config, f"{part} '{name}' is not a class of stock ESPnet", remedy)
    tables = _tables()
    if stock.get("preprocessor") is not None and not _is_stock(
        tables["preprocessor"], stock["preprocessor"]
    ):
        stock.update(preprocessor=None, preprocessor_conf={})
    stock["criterions"] = [
        criterion
        for criterion in stock.get("criterions") or []
        if _is_stock(enh.criterion_choices, criterion["name"])
        and _is_stock(enh.loss_wrapper_choices, criterion["wrapper"])
    ] or defaults["criterions"]
    model_options = inspect.signature(ESPnetEnhancementModel).parameters
    stock["model_conf"] = {
        key: value for key, value in (stock.get("model_conf") or {}).items() if key in model_options
    }
    return stock


def other_classes(values: dict[str, Any]) -> dict[str, str]:
    """Return the parts of a model whose classes are not in stock ESPnet, with their names."""
    tables = _tables()
    return {
        part: values[part]
        for part in PARTS
        if values.get(part) is not None and not _is_stock(tables[part], values[part])
    }


def _tables() -> dict[str, ClassChoices]:
    from espnet2.tasks.enh import EnhancementTask

    return {table.name: table for table in EnhancementTask.class_choices_list}


def _is_stock(table: ClassChoices, name: str) -> bool:
    chosen = table.classes.get(name.lower())
    return chosen is not None and chosen.__module__.partition(".")[0] == "espnet2"
