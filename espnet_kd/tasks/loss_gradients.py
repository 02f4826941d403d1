"""How strongly each term of a loss pulls at a student: what its weight is to be chosen by."""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice

import torch
from espnet2.train.distributed_utils import DistributedOption

from espnet_kd.enh.batch import make_batch
from espnet_kd.tasks.enh_kd import EnhKDTask

# Of the batch's lengths, those of the waveforms and texts alone are arguments of `make_batch`.
ARGUMENTS = ("speech_mix_lengths", "text_lengths")


@dataclass(frozen=True)
class Pull:
    """One term on batches of one category.

    Attributes:
        name: of the term.
        category: of the batches; empty if unknown.
        value: mean of the loss.
        gradient: mean L2 norm of its gradient by the student's weights, at weight 1.
        weight: that it has in the sum.
    """

    name: str
    category: str
    value: float
    gradient: float
    weight: float


def measure_pulls(
    args: argparse.Namespace, student: dict[str, torch.Tensor] | None, count: int
) -> list[Pull]:
    """Measure each term on the first batches of the first epoch.

    Args:
        args: of a training.
        student: weights of the student, since a fresh one says little; None: a fresh one.
        count: number of batches.
    """
    model = EnhKDTask.build_model(args).train()
    if student is not None:
        model.load_state_dict(student, strict=False)
    weights = [value for name, value in model.named_parameters() if "distiller." not in name]
    iterator = EnhKDTask.build_iter_factory(args, DistributedOption(), "train").build_iter(1)
    found = defaultdict(list)
    for _, data in islice(iterator, count):
        batch = make_batch(
            **{
                name: value
                for name, value in data.items()
                if name in ARGUMENTS or not name.endswith("_lengths")
            }
        )
        for name, weight, loss in list(model.terms(batch)):
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
