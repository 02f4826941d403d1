"""Utterances for ESPnet's chunk iterator, sent by the worker processes in groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from espnet2.iterators.abs_iter_factory import AbsIterFactory
from espnet2.iterators.sequence_iter_factory import SequenceIterFactory
from torch.utils.data import DataLoader

GROUP = 32  # utterances
# Groups that the workers together read ahead. The chunk iterator takes hundreds of utterances at
# once, makes batches of all their chunks, and then comes for the next.
AHEAD = 8
Batch = tuple[list[str], dict[str, torch.Tensor]]


class GroupedIterFactory(AbsIterFactory):
    """What a SequenceIterFactory gives, in its order, at less cost.

    ESPnet's chunk iterator asks for batches of one utterance, each of whose tensors comes through
    shared memory of its own: of a short utterance that takes five times as long as reading it.
    Here a worker sends the tensors of a group as one for each data type.

    Args:
        singles: ESPnet's.
    """

    def __init__(self, singles: SequenceIterFactory):
        self.singles = singles

    def build_iter(self, epoch: int, shuffle: bool | None = None) -> Iterator[Batch]:
        """Iterate over an epoch.

        Args:
            epoch: its number, from one.
            shuffle: None: as the factory says.
        """
        loader = self.singles.build_iter(epoch, shuffle)
        batches, workers = loader.batch_sampler, loader.num_workers
        groups = DataLoader(
            dataset=_Batches(loader.dataset, batches, loader.collate_fn),
            batch_sampler=[
                range(start, min(start + GROUP, len(batches)))
                for start in range(0, len(batches), GROUP)
            ],
            num_workers=workers,
            prefetch_factor=max(2, AHEAD // workers) if workers else None,
            # Not pinned: the chunk iterator copies all into batches of its own.
            pin_memory=False,
            worker_init_fn=loader.worker_init_fn,
            collate_fn=pack,
        )
        for group in groups:
            yield from unpack(group)


@dataclass(frozen=True)
class _Batches:
    """A dataset's batches by number."""

    dataset: Sequence
    batches: Sequence[Sequence]
    collate: Callable

    def __getitem__(self, number: int) -> Batch:
        return self.collate([self.dataset[key] for key in self.batches[number]])


@dataclass(frozen=True)
class Packed:
    """Batches whose tensors stand one behind the other.

    Attributes:
        tensors: one for each data type.
        batches: of each its utterances, and of its tensors name, data type and shape.
    """

    tensors: dict[torch.dtype, torch.Tensor]
    batches: list[tuple[list[str], list[tuple[str, torch.dtype, torch.Size]]]]


def pack(batches: Sequence[Batch]) -> Packed:
    """Put batches together."""
    parts = defaultdict(list)
    contents = []
    for names, batch in batches:
        for tensor in batch.values():
            parts[tensor.dtype].append(tensor.flatten())
        contents.append((names, [(key, t.dtype, t.shape) for key, t in batch.items()]))
    return Packed({kind: torch.cat(tensors) for kind, tensors in parts.items()}, contents)


def unpack(packed: Packed) -> Iterator[Batch]:
    """Give the batches of `pack`.

    Their tensors are copies: the chunk iterator keeps those of a rare category for long, and a view
    would keep its whole group.
    """
    done = dict.fromkeys(packed.tensors, 0)
    for names, content in packed.batches:
        batch = {}
        for key, kind, shape in content:
            start, done[kind] = done[kind], done[kind] + shape.numel()
            batch[key] = packed.tensors[kind][start : done[kind]].view(shape).clone()
        yield names, batch
