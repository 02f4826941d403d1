"""Measure how strong the gradient of each loss term is, to help choose the weights of the terms."""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice

import torch
from espnet2.tasks.abs_task import IteratorOptions
from espnet2.train.distributed_utils import DistributedOption

from espnet_kd.checkpoint import load_strictly, read_state
from espnet_kd.distill.publish import PREFIX
from espnet_kd.enh.batch import make_batch
from espnet_kd.tasks.enh_kd import EnhKDTask

# `make_batch` takes only these lengths of a batch.
ARGUMENTS = ("speech_mix_lengths", "text_lengths")


@dataclass(frozen=True)
class Pull:
    """Value and gradient of one loss term on batches of one category.

    Attributes:
        name: name of the term.
        category: category of the batches; empty if unknown.
        value: mean of the loss.
        gradient: mean L2 norm of its gradient with respect to the student's weights, at weight 1.
        weight: its weight in the sum.
    """

    name: str
    category: str
    value: float
    gradient: float
    weight: float


def measure_pulls(
    args: argparse.Namespace, student: str | os.PathLike | None, count: int
) -> list[Pull]:
    """Measure each term on the first batches of the first epoch.

    Args:
        args: arguments of a training.
        student: checkpoint of a student; None: an untrained student, whose gradients say little.
        count: number of batches.

    Raises:
        UserError: the model cannot be built, or the checkpoint does not fit it.
    """
    model = EnhKDTask.build_model(args).train()
    if student is not None:
        load_student(model, student)
    weights = [value for name, value in model.named_parameters() if not name.startswith(PREFIX)]
    iterator = _WholeLists.build_iter_factory(args, DistributedOption(), "train").build_iter(1)
    found = defaultdict(list)
    for _, data in islice(iterator, count):
        taken = {
            name: value
            for name, value in data.items()
            if name in ARGUMENTS or not name.endswith("_lengths")
        }
        # The chunk iterator gives no lengths, since all are equal.
        batch = make_batch(**{"speech_mix_lengths": None, **taken})
        for name, weight, loss in model.compute_terms(batch):
            gradients = torch.autograd.grad(
                loss.mean(), weights, retain_graph=True, allow_unused=True
            )
            norm = sum(g.square().sum() for g in gradients if g is not None) ** 0.5
            key = (name, batch.single_category or "", weight)
            found[key].append((loss.detach().mean().item(), float(norm)))
    return [
        Pull(name, category, *torch.tensor(values).mean(dim=0).tolist(), weight)
        for (name, category, weight), values in found.items()
    ]


class _WholeLists(EnhKDTask):
    """The task without its shortened lists, so that terms of weight 0 are measured as well."""

    @classmethod
    def build_iter_options(
        cls, args: argparse.Namespace, distributed_option: DistributedOption, mode: str
    ) -> IteratorOptions:
        return super(EnhKDTask, cls).build_iter_options(args, distributed_option, mode)


def load_student(model: torch.nn.Module, checkpoint: str | os.PathLike) -> None:
    """Load the weights of a student, and those of its KD losses that the checkpoint has.

    Raises:
        UserError: the checkpoint does not fit the student.
    """
    found = read_state(checkpoint)
    losses = {key: value for key, value in model.state_dict().items() if key.startswith(PREFIX)}
    student = {key: value for key, value in found.items() if not key.startswith(PREFIX)}
    losses |= {key: found[key] for key in losses if key in found}
    load_strictly(model, {**student, **losses}, checkpoint)
