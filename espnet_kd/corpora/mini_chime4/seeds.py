"""Random generators that do not depend on the order in which they are used."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return the random generator for `names`, e.g. "session" and "F01_141106_010_BUS"."""
    key = "/".join(str(name) for name in (seed, *names))
    digest = hashlib.sha256(key.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
