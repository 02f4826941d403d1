"""What causal layers keep of the frames before the present ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional


class Past:
    """Caches of a causal network: those of the frames so far go in, those of the next come out.

    Each layer reads its cache and writes the new one, in the order in which the layers run, so
    `kept` is the `caches` of the next call. All caches are tensors whose shapes do not depend on
    the number of frames. At the beginning of a signal there are none, and layers see zeros.

    Args:
        caches: `kept` of the previous call, or nothing at the beginning of a signal.

    Attributes:
        kept: the new caches.
    """

    def __init__(self, caches: Sequence[torch.Tensor] = ()):
        self._caches = iter(caches)
        self._begins = not caches
        self.kept: list[torch.Tensor] = []

    def recall(self) -> torch.Tensor | None:
        """Return the next cache; None at the beginning of a signal."""
        return None if self._begins else next(self._caches)

    def keep(self, cache: torch.Tensor) -> None:
        """Store a cache for the next call."""
        self.kept.append(cache)

    def extend(self, x: torch.Tensor, frames: int) -> torch.Tensor:
        """Put the last frames of the past in front of the present ones.

        Args:
            x: (..., T).
            frames: number of frames from the past.

        Returns:
            (..., frames + T).
        """
        if not frames:
            return x
        before = self.recall()
        if before is None:
            joined = functional.pad(x, (frames, 0))
        else:
            joined = torch.cat([before, x], dim=-1)
        kept = joined[..., -frames:]
        # A view would keep all frames of a long `x` in memory.
        self.keep(kept.clone() if x.size(-1) > frames else kept)
        return joined

    def run(self, gru: nn.Module, x: torch.Tensor) -> torch.Tensor:
        """Run a GRU over (B, T, C), whose hidden state is its cache."""
        output, hidden = gru(x, self.recall())
        self.keep(hidden)
        return output
