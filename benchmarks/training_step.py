"""Run one training step as ESPnet's trainer does, without data loading."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

import torch
from espnet2.tasks.enh import EnhancementTask

from espnet_kd.distill.distiller import Term
from espnet_kd.enh.batch import make_batch
from espnet_kd.tasks.enh_kd import EnhKDTask


class TrainingStep:
    """Forward pass, backward pass, gradient clipping and optimizer.

    Args:
        args: training arguments.
        device: device to train on.
        task: our task or ESPnet's own.
    """

    def __init__(self, args: Namespace, device: str, task: type[EnhancementTask] = EnhKDTask):
        torch.manual_seed(args.seed)
        self.device = device
        self.model = task.build_model(args).to(device).train()
        self.grad_clip = args.grad_clip
        (self.optimizer,) = task.build_optimizers(args, self.model)
        self.batch: dict[str, torch.Tensor] = {}
        self.parts = 1

    @property
    def teacher(self) -> torch.nn.Module | None:
        """The teacher, if any loss needs one."""
        return self.model.teacher.module if self.model.teacher else None

    @property
    def terms(self) -> list[Term]:
        """The KD losses."""
        return list(self.model.distiller.terms.values()) if self.model.distiller else []

    def take(self, batch: dict[str, torch.Tensor]) -> None:
        """Set the batch of all following steps, as one part."""
        self.batch = {name: value.to(self.device) for name, value in batch.items()}
        self.parts = 1

    def fit(self) -> None:
        """Run a step; if it does not fit a GPU's memory, split the batch into 2, 4, ... parts.

        Later steps use the same number of parts.

        Raises:
            torch.OutOfMemoryError: the memory is too small for one utterance.
        """
        while True:
            try:
                self()
                return
            except torch.OutOfMemoryError:
                if self.parts >= self._utterances:
                    raise
            self.optimizer.zero_grad()
            torch.cuda.empty_cache()
            self.parts *= 2

    def losses(self) -> Iterator[torch.Tensor]:
        """Yield the loss of each part, weighted so that their sum is the loss of the batch."""
        split = {name: value.chunk(self.parts) for name, value in self.batch.items()}
        for values in zip(*split.values(), strict=True):
            part = dict(zip(split, values, strict=True))
            yield self.model(**part)[0] * (len(values[0]) / self._utterances)

    def __call__(self) -> torch.Tensor:
        """Run a step and return the loss before it.

        Raises:
            FloatingPointError: gradients are not finite; ESPnet's trainer would skip such a step.
        """
        total = 0.0
        for loss in self.losses():
            loss.backward()
            total = total + loss.detach()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.grad_clip)
        if not torch.isfinite(norm):
            raise FloatingPointError(f"the norm of the gradients is {norm.item()}")
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total

    @property
    def _utterances(self) -> int:
        return len(self.batch["speech_mix"])

    def teach(self) -> None:
        """Run the teacher as a step does."""
        batch = make_batch(**self.batch)
        with torch.no_grad():
            self.teacher.enhance(batch.mixture, batch.lengths, **batch.conditions)
