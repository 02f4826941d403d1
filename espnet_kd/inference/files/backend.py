"""What enhances samples: a PyTorch model today; anything else that meets this protocol."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from espnet_kd.inference.files.stream import AnyStreamer


class Backend(Protocol):
    """A model that enhances one channel.

    Attributes:
        sample_rate: rate of its input and output in Hz.
        hop: a long signal is cut at multiples of this number of samples, the model's frames.
        context: number of samples on either side that a sample of the output depends on, or None
            if it depends on all of them. Pieces of a long signal with this much more on both
            sides then give the samples of the whole.
        longest: number of samples that it can enhance at once in moderate memory.
    """

    sample_rate: int
    hop: int
    context: int | None
    longest: int

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        """Enhance (T,), float32 in [-1, 1], T >= 1; return (T,), float32, of any gain."""
        ...

    def streamer(self) -> AnyStreamer:
        """Return the model as a stream.

        Raises:
            UserError: it cannot stream; the error says why.
        """
        ...
