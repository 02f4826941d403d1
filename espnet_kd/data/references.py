"""Read references from a `spk1.scp` that has "-" for recordings without a reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from espnet2.train.dataset import sound_loader

from espnet_kd.data.rows import NO_REFERENCE


class OptionalReferences(Mapping):
    """Reference signals by utterance id; an empty array for an utterance without a reference.

    Args:
        path: file with lines `<utt> <path of an audio file>` or `<utt> -`.
        float_dtype: dtype of the samples.
        allow_multi_rates: accept files of different sampling rates.
    """

    def __init__(self, path: str, float_dtype: str | None = None, allow_multi_rates: bool = False):
        self._sound = sound_loader(path, float_dtype, allow_multi_rates=allow_multi_rates)
        self._dtype = float_dtype or "float32"

    def __getitem__(self, utterance: str) -> np.ndarray:
        """Read a reference (L,); (0,) if the utterance has none."""
        if self._sound.loader.data[utterance] == NO_REFERENCE:
            return np.zeros(0, dtype=self._dtype)
        return self._sound[utterance]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sound)

    def __len__(self) -> int:
        return len(self._sound)
