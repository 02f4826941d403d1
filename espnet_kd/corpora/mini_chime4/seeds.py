"""One random generator per thing made, independent of the order of making."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return the generator that belongs to `names` (say "real", "F01_141106_010_BUS")."""
    key = "/".join(str(name) for name in (seed, *names))
    digest = hashlib.sha256(key.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
