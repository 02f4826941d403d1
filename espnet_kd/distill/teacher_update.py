"""Let the teacher of a training follow its student, epoch by epoch."""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import nn

LOGGER = logging.getLogger(__name__)  # the root logger would configure itself on first use


class TeacherUpdate(nn.Module):
    """Replace the teacher by a mean of itself and the student, every few epochs.

    Before an epoch starts, unless it is the first one, all entries of the state dicts become

        teacher <- momentum teacher + (1 - momentum) student

    (entries that are no fractions, such as counters, become the student's). This is the running
    mean of RemixIT as in the baseline of CHiME-7 UDASE, once per epoch. With `momentum` 0, the
    teacher becomes the latest student: the sequential teacher, of the same architecture.

    The weights of the updated teacher are part of the state dict of this module, so a checkpoint
    holds them and a training that is resumed continues with them. They are no parameters: no
    optimizer changes them, and a published student does not contain them.

    Args:
        momentum: share of the old teacher that remains, 0 to below 1.
        every: number of epochs between updates; 0 keeps the teacher as it is.

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(self, momentum: float, every: int) -> None:
        super().__init__()
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum is {momentum}, not in 0 to below 1")
        if type(every) is not int or every < 0:
            raise ValueError(f"every is {every!r}, not a number of epochs, at least 0")
        self.momentum = momentum
        self.every = every
        self._teacher: list[nn.Module] = []  # in a list, so that it is not a part of this module

    def attach(self, teacher: nn.Module, student: nn.Module) -> None:
        """Remember the teacher, which is changed in place.

        Raises:
            ValueError: the teacher is to follow a student with other weights.
        """
        if not self.every:
            return
        shapes = [
            {name: tuple(value.shape) for name, value in model.state_dict().items()}
            for model in (teacher, student)
        ]
        for name in {**shapes[0], **shapes[1]}:
            one, other = (own.get(name, "missing") for own in shapes)
            if one != other:
                raise ValueError(
                    f"the teacher is to follow the student, so both need the same weights, but "
                    f"'{name}' is {one} in the teacher and {other} in the student; give a teacher "
                    f"with the student's settings, or every: 0"
                )
        self._teacher = [teacher]

    @torch.no_grad()
    def begin_epoch(self, epoch: int, student: nn.Module) -> None:
        """Update the teacher if it is due.

        Args:
            epoch: number of the epoch that starts, from 1.
            student: the model whose state dict has the entries of the teacher's.
        """
        if not self._teacher or epoch == 1 or (epoch - 1) % self.every:
            return
        latest = student.state_dict()
        for name, value in self._teacher[0].state_dict().items():
            if value.is_floating_point():
                value.lerp_(latest[name].to(value), 1 - self.momentum)
            else:
                value.copy_(latest[name])
        LOGGER.info("%depoch: the teacher has followed the student", epoch)

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        for teacher in self._teacher:
            teacher.state_dict(destination=destination, prefix=prefix, keep_vars=keep_vars)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        own = {
            name[len(prefix) :]: value
            for name, value in state_dict.items()
            if name.startswith(prefix)
        }
        for teacher in self._teacher:
            missing, unexpected = teacher.load_state_dict(own, strict=False)
            missing_keys.extend(prefix + name for name in missing)
            unexpected_keys.extend(prefix + name for name in unexpected)
        if not self._teacher:
            unexpected_keys.extend(prefix + name for name in own)
