"""From what was trained to what is published, or trained on: a student without KD losses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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


def hand_over(
    state: Mapping[str, torch.Tensor], kd_losses: Mapping[str, Any], kept: Collection[str]
) -> dict[str, torch.Tensor]:
    """Do as `student_state`, but for some losses, whose weights stay as they are.

    Args:
        state: state dict of a training.
        kd_losses: settings of that training.
        kept: names of the losses that the next training has, too.

    Returns:
        What the next training starts from.
    """
    gone = {name: entry for name, entry in kd_losses.items() if name not in kept}
    prefixes = tuple(f"{PREFIX}losses.{name}." for name in kept)
    stays = {key: value for key, value in state.items() if key.startswith(prefixes)}
    return {**student_state(state, gone), **stays}
