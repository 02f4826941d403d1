"""What pretrained denoisers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.inference.files.stream import AnyStreamer


class Peer(ABC):
    """A pretrained denoiser of others; a `Backend` whose output is aligned with its input.

    Attributes:
        sample_rate: in Hz.
        latency: samples that an output sample waits for, at most.
        package: the distribution that carries the weights.
        source: the publication.
    """

    sample_rate = 16000
    latency: int
    package: str
    source: str
    hop = 1
    context = None  # recurrent: each sample depends on all before it
    longest = 10**9  # processed frame by frame

    @abstractmethod
    def enhance(self, samples: np.ndarray) -> np.ndarray:
        """Enhance (T,), float32; return (T,)."""

    def streamer(self) -> AnyStreamer:
        """Refuse: the wrappers process whole signals."""
        problem = f"{type(self).__name__} is here for comparisons, not for streams"
        raise UserError("--stream", problem, "leave --stream out")
