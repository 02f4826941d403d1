"""Let ESPnet read audio with this package's reader, and name utterance and file in errors.

ESPnet's own reader believes every header, and takes several channels and any sampling rate. If a
file cannot be read in a worker process, the error that arrives cannot even be printed.
"""

from __future__ import annotations

import functools

import numpy as np
from espnet2.fileio.sound_scp import SoundScpReader

from espnet_kd.data.audio import SAMPLE_RATE, read_any_samples
from espnet_kd.data.waves import FULL_SCALE
from espnet_kd.errors import UserError


def install() -> None:
    """Replace the method of ESPnet that reads the audio of an utterance; once is enough.

    Lists with several files per line, and integer samples, are left to ESPnet.
    """
    read = SoundScpReader.__getitem__
    if hasattr(read, "__wrapped__"):
        return

    @functools.wraps(read)
    def read_utterance(reader: SoundScpReader, utterance: str) -> tuple[int, np.ndarray]:
        dtype = np.dtype(reader.dtype or "float64")
        if reader.multi_columns or reader.always_2d or dtype.kind != "f":
            return read(reader, utterance)
        try:
            samples = read_any_samples(reader.data[utterance])
        except UserError as error:
            raise error.of_utterance(utterance) from None
        return SAMPLE_RATE, (samples / FULL_SCALE).astype(dtype)

    SoundScpReader.__getitem__ = read_utterance
