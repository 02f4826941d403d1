"""From what was trained to what is published: a student without anything of its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from espnet_kd.distill.base import DistillLoss
from espnet_kd.distill.settings import read_losses

PREFIX = "distiller."


def student_state(
    state: Mapping[str, torch.Tensor], kd_losses: Mapping[str, Any]
) -> dict[str, torch.Tensor]:
    """Leave out weights of KD losses; fold modules that stood inside the student into it.

    Args:
        state: state dict of the training.
        kd_losses: settings of that training.

    Returns:
        State dict of the student alone; tensors that did not change are shared.
    """
    student = {key: value for key, value in state.items() if not key.startswith(PREFIX)}
    for settings in read_losses(kd_losses):
        if settings.loss_class.merge is DistillLoss.merge:
            continue
        own_prefix = f"{PREFIX}losses.{settings.name}."
        own = {
            key[len(own_prefix) :]: value
            for key, value in state.items()
            if key.startswith(own_prefix)
        }
        if own:
            settings.build({}).merge(student, own)
    return student
