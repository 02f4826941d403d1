"""ESPnet's trainer, which also counts the steps that it drops."""

from __future__ import annotations

from typing import Any

import torch
from espnet2.train.reporter import SubReporter, to_reported_value
from espnet2.train.trainer import Trainer, TrainerOptions

from espnet_kd.tasks.history import DROPPED


class CountingTrainer(Trainer):
    """Record in the statistics of each epoch how many batches did not change the weights.

    ESPnet drops an update whose gradient is not finite, and only logs a line each time.
    """

    @classmethod
    def train_one_epoch(
        cls,
        model: torch.nn.Module,
        optimizers: list[torch.optim.Optimizer],
        reporter: SubReporter,
        options: TrainerOptions,
        **more: Any,
    ) -> bool:
        """Train for an epoch; the arguments are ESPnet's."""
        updates: list[None] = []
        hook = optimizers[0].register_step_post_hook(lambda *_: updates.append(None))
        try:
            invalid = super().train_one_epoch(
                model=model, optimizers=optimizers, reporter=reporter, options=options, **more
            )
        finally:
            hook.remove()
        dropped = reporter.count // options.accum_grad - len(updates)
        # The same value for each step, because the reporter averages over them.
        value = to_reported_value(float(dropped * options.accum_grad))
        reporter.stats[DROPPED] = [value] * reporter.count
        return invalid
