"""Take the student without its KD losses from a training, to publish it or train it further."""

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
    """Remove the weights of KD losses and fold their inline modules into the student.

    Args:
        state: state dict of the training.
        kd_losses: settings of that training.

    Returns:
        State dict of the student alone; unchanged tensors are shared, not copied.
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
    """Return the state that the next training starts from, with the weights of some losses.

    These losses keep their weights unchanged; the others are treated as in `student_state`.

    Args:
        state: state dict of a training.
        kd_losses: settings of that training.
        kept: names of the losses that the next training has as well.

    Returns:
        State dict for the start of the next training.
    """
    gone = {name: entry for name, entry in kd_losses.items() if name not in kept}
    prefixes = tuple(f"{PREFIX}losses.{name}." for name in kept)
    stays = {key: value for key, value in state.items() if key.startswith(prefixes)}
    return {**student_state(state, gone), **stays}
