"""Shuffle the batches of ESPnet's chunk iterator, so that categories alternate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from espnet2.iterators.abs_iter_factory import AbsIterFactory

HELD = 32  # batches in memory; as many as the chunk iterator makes of one block


class MixedOrderIterFactory(AbsIterFactory):
    """Yield the same batches in a random order.

    ESPnet's chunk iterator collects up to 1024 chunks of a category and yields all of them before
    it goes on with another. A student would take dozens of steps on simulated speech, then dozens
    on real speech, and each epoch would end with steps on one of them alone.

    Args:
        factory: ESPnet's factory.
        seed: seed of the order, which also depends on the epoch.
        held: number of batches to choose the next one from.
    """

    def __init__(self, factory: AbsIterFactory, seed: int, held: int = HELD):
        self.factory = factory
        self.seed = seed
        self.held = held

    def build_iter(self, epoch: int, shuffle: bool | None = None) -> Iterator:
        """Iterate over an epoch.

        Args:
            epoch: its number, from one.
            shuffle: whether ESPnet's factory shuffles; None: as it is set.
        """
        state = np.random.RandomState(self.seed + epoch)
        held = []
        for batch in self.factory.build_iter(epoch, shuffle):
            held.append(batch)
            if len(held) > self.held:
                yield held.pop(state.randint(len(held)))
        while held:
            yield held.pop(state.randint(len(held)))
