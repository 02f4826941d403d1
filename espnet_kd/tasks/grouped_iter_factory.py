"""Send utterances from worker processes to ESPnet's chunk iterator in groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from espnet2.iterators.abs_iter_factory import AbsIterFactory
from espnet2.iterators.sequence_iter_factory import SequenceIterFactory
from torch.utils.data import DataLoader

GROUP = 32  # utterances
# Groups that all workers together read ahead. The chunk iterator takes hundreds of utterances at
# once, makes batches of all their chunks, and only then takes the next utterances.
AHEAD = 8
Batch = tuple[list[str], dict[str, torch.Tensor]]


class GroupedIterFactory(AbsIterFactory):
    """Yield the batches of a SequenceIterFactory in the same order, at lower cost.

    ESPnet's chunk iterator asks for batches of one utterance, and each tensor of a batch is passed
    in a separate block of shared memory. For a short utterance, this takes five times as long as
    reading it. Here, a worker sends the tensors of a group as one tensor per data type.

    Args:
        singles: ESPnet's factory.
    """

    def __init__(self, singles: SequenceIterFactory):
        self.singles = singles

    def build_iter(self, epoch: int, shuffle: bool | None = None) -> Iterator[Batch]:
        """Iterate over an epoch.

        Args:
            epoch: its number, from one.
            shuffle: whether to shuffle; None: as `singles` is set.
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
            # Pinning would be wasted: the chunk iterator copies the tensors into its own batches.
            pin_memory=False,
            worker_init_fn=loader.worker_init_fn,
            collate_fn=pack,
        )
        for group in groups:
            yield from unpack(group)


@dataclass(frozen=True)
class _Batches:
    """The batches of a dataset, by number."""

    dataset: Sequence
    batches: Sequence[Sequence]
    collate: Callable

    def __getitem__(self, number: int) -> Batch:
        return self.collate([self.dataset[key] for key in self.batches[number]])


@dataclass(frozen=True)
class Packed:
    """Batches whose tensors are concatenated.

    Attributes:
        tensors: one flat tensor per data type.
        batches: for each batch, its utterances and the name, data type and shape of its tensors.
    """

    tensors: dict[torch.dtype, torch.Tensor]
    batches: list[tuple[list[str], list[tuple[str, torch.dtype, torch.Size]]]]


def pack(batches: Sequence[Batch]) -> Packed:
    """Concatenate the tensors of several batches."""
    parts = defaultdict(list)
    contents = []
    for names, batch in batches:
        for tensor in batch.values():
            parts[tensor.dtype].append(tensor.flatten())
        contents.append((names, [(key, t.dtype, t.shape) for key, t in batch.items()]))
    return Packed({kind: torch.cat(tensors) for kind, tensors in parts.items()}, contents)


def unpack(packed: Packed) -> Iterator[Batch]:
    """Yield the batches that `pack` put together.

    Their tensors are copies: the chunk iterator keeps those of a rare category for a long time, and
    a view would keep its whole group in memory.
    """
    done = dict.fromkeys(packed.tensors, 0)
    for names, content in packed.batches:
        batch = {}
        for key, kind, shape in content:
            start, done[kind] = done[kind], done[kind] + shape.numel()
            batch[key] = packed.tensors[kind][start : done[kind]].view(shape).clone()
        yield names, batch
