"""Check the measures that checkpoints are chosen by; ESPnet uses some only when training ends."""

from __future__ import annotations

import argparse

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.enh.kd_model import ESPnetKDModel
from espnet_kd.errors import UserError
from espnet_kd.host import is_before
from espnet_kd.tasks.checks.data_lists import categories


def check_criteria(args: argparse.Namespace, model: ESPnetKDModel) -> None:
    """Reject a measure that the training does not log.

    Args:
        args: arguments of the training.
        model: the model to train, with its KD losses.

    Raises:
        UserError: names the option and what is logged.
    """
    logged = {
        part: _of_present(
            model.measures(training=part == "train"),
            getattr(args, f"{part}_data_path_and_name_and_type"),
        )
        for part in ("train", "valid")
    }
    for option, (part, measure, *_) in (
        *(("best_model_criterion", entry) for entry in args.best_model_criterion),
        ("early_stopping_criterion", args.early_stopping_criterion),
        ("val_scheduler_criterion", args.val_scheduler_criterion),
    ):
        if measure not in logged.get(part, ()):
            known = ", ".join(logged.get(part, logged))
            raise UserError(
                f"--{option}", f"'{part}' has no measure '{measure}'", f"known: {known}"
            )


def _of_present(measures: list[str], data: list[tuple[str, str, str]]) -> list[str]:
    """Leave out measures of categories that the list does not contain."""
    present = set(categories(data or []).values()) or CATEGORIES
    absent = tuple(f"_{kind}" for kind in CATEGORIES if kind not in present)
    return [measure for measure in measures if not measure.endswith(absent)]


def check_averaging(args: argparse.Namespace) -> None:
    """Reject settings with which ESPnet 202511 averages checkpoints wrongly.

    ESPnet 202511 adds the other epochs to the cached weights of the best one, so a second average
    that uses this epoch is wrong. Only one criterion and one number of checkpoints are safe. ESPnet
    202611 averages correctly, so nothing is rejected there.

    Raises:
        UserError: names the option.
    """
    if not is_before(202611):
        return
    nbest = args.keep_nbest_models
    if isinstance(nbest, (list, tuple)) and len(nbest) > 1:
        raise UserError(
            "--keep_nbest_models",
            f"{list(nbest)}",
            "give one number (ESPnet 202511 computes a second average wrongly)",
        )
    if len(args.best_model_criterion) != 1:
        raise UserError(
            "--best_model_criterion",
            f"{len(args.best_model_criterion)} criteria",
            "give one, e.g. [[valid, si_snr_loss, min]] (ESPnet 202511 computes a second average "
            "wrongly)",
        )
