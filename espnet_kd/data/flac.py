"""Audio that we make and keep: 16-bit FLAC with a note on how it was made."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping

import numpy as np
import soundfile

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path

Note = dict[str, object]


def write_flac(path: str | os.PathLike, samples: np.ndarray, note: Mapping[str, object]) -> None:
    """Write int16 samples of shape (T,) losslessly, atomically, with `note` in the comment field.

    Raises:
        OSError: with the name of the file, also for a full disk.
    """
    # Encoded in memory: of a full disk libsndfile gives no account, Python's own files do.
    encoded = io.BytesIO()
    with soundfile.SoundFile(encoded, "w", SAMPLE_RATE, 1, "PCM_16", format="FLAC") as out:
        out.comment = json.dumps(note, sort_keys=True)
        out.write(samples)
    with atomic_path(path) as temporary:
        temporary.write_bytes(encoded.getvalue())


def read_flac(path: str | os.PathLike) -> tuple[Note, int]:
    """The note and the number of samples of what `write_flac` wrote.

    Raises:
        FileNotFoundError: it is not there.
        UserError: something else wrote it.
    """
    with open(path, "rb") as file:
        try:
            with soundfile.SoundFile(file) as audio:
                return json.loads(audio.comment), audio.frames
        except (soundfile.SoundFileError, ValueError) as error:
            raise UserError(path, f"is no FLAC of ours ({error})", "remove it") from None
