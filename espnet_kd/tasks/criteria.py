"""What checkpoints are chosen by, checked before a training that would miss it when it ends."""

from __future__ import annotations

import argparse

from espnet_kd.enh.kd_model import ESPnetKDModel
from espnet_kd.errors import UserError


def check_criteria(args: argparse.Namespace, model: ESPnetKDModel) -> None:
    """Refuse a measure that the training does not log.

    Args:
        args: of the training.
        model: that is trained, with its KD losses.

    Raises:
        UserError: names the option, and what is logged.
    """
    logged = {"train": model.measures(training=True), "valid": model.measures(training=False)}
    for option, (part, measure, *_) in (
        *(("best_model_criterion", entry) for entry in args.best_model_criterion),
        ("early_stopping_criterion", args.early_stopping_criterion),
        ("val_scheduler_criterion", args.val_scheduler_criterion),
    ):
        if measure not in logged.get(part, ()):
            known = ", ".join(logged.get(part, logged))
            raise UserError(
                f"--{option}", f"there is no '{measure}' of '{part}'", f"known: {known}"
            )
