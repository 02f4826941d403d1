"""Check that batches have as many utterances as the KD losses compare."""

from __future__ import annotations

import argparse

from espnet_kd.distill.settings import read_losses
from espnet_kd.errors import UserError

OF_BINS = ("length", "numel")  # batch types for which --batch_size says nothing


def check_batch_sizes(args: argparse.Namespace) -> None:
    """Reject batches of fewer utterances than a loss compares with each other.

    With several processes, ESPnet gives each of them its share of every batch.

    Args:
        args: arguments of a training.

    Raises:
        UserError: names the option, the loss and the number that it needs.
    """
    if args.iterator_type != "chunk" and args.batch_type in OF_BINS:
        return
    processes = max(args.ngpu, 1) * (args.dist_world_size or 1)
    for entry in read_losses(args.kd_losses):
        least = entry.loss_class.least_utterances
        if args.batch_size // processes < least:
            shared = f" for {processes} processes" if processes > 1 else ""
            raise UserError(
                "--batch_size",
                f"is {args.batch_size}{shared}, but '{entry.name}' ({entry.type}) compares "
                f"utterances of a batch with each other",
                f"set it to at least {least * processes}",
            )
