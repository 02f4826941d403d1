"""Where a stream is."""

from __future__ import annotations

from typing import Any, NamedTuple


class StreamState(NamedTuple):
    """Where a stream is; treat it as opaque. Its arrays are tensors or NumPy arrays.

    Attributes:
        pending: (B, L) samples that do not fill a hop yet.
        caches: state of the model; empty until the first samples (`lead`) are there.
        received: samples so far.
        returned: samples returned so far; negative while the output is before the signal.
    """

    pending: Any
    caches: tuple[Any, ...]
    received: int
    returned: int
