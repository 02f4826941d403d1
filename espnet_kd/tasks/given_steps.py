"""Epochs of given numbers of steps, so that two trainings take equally many."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from espnet2.iterators.abs_iter_factory import AbsIterFactory

from espnet_kd.errors import UserError
from espnet_kd.tasks.history import read_history


class GivenStepsIterFactory(AbsIterFactory):
    """Yield a given number of batches in each epoch.

    If the data do not yield enough, they are passed through again, in another order.

    Args:
        factory: ESPnet's factory.
        steps: number of batches in each epoch.
    """

    def __init__(self, factory: AbsIterFactory, steps: Sequence[int]):
        self.factory = factory
        self.steps = steps

    def build_iter(self, epoch: int, shuffle: bool | None = None) -> Iterator:
        """Iterate over an epoch.

        Args:
            epoch: its number, from one.
            shuffle: whether to shuffle; None: as `factory` is set.

        Raises:
            UserError: the data do not yield a single batch.
        """
        left, number = self.steps[epoch - 1], epoch
        while left:
            before = left
            for batch in self.factory.build_iter(number, shuffle):
                yield batch
                left -= 1
                if not left:
                    return
            if left == before:
                raise UserError("the training set", "yields no batch", "reduce --batch_size")
            number += len(self.steps)  # the number of an epoch is the seed of its order


def follow(args: argparse.Namespace) -> None:
    """Set epochs and steps of a training to those of the training that `--steps_like` names.

    Raises:
        UserError: there is no such training, or this one has several stages.
    """
    if args.kd_stages:
        raise UserError(
            "--steps_like", "does not apply to a training with kd_stages", "leave it out"
        )
    history = read_history(args.steps_like)
    args.steps_per_epoch = [epoch.steps for epoch in history.epochs]
    args.max_epoch = len(history.epochs)
    args.patience = None


def check_steps(args: argparse.Namespace) -> None:
    """Reject `steps_per_epoch` that is not one positive number for each epoch."""
    steps = args.steps_per_epoch
    if steps is None:
        return
    if not isinstance(steps, list) or not all(type(n) is int and n > 0 for n in steps):
        raise UserError("steps_per_epoch", f"is {steps}", "write a list of positive numbers")
    if len(steps) != args.max_epoch:
        raise UserError(
            "steps_per_epoch",
            f"has {len(steps)} numbers, but max_epoch is {args.max_epoch}",
            "write one for each epoch",
        )
