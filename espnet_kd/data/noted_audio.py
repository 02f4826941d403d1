"""Read and write audio that later runs use again: 16-bit, with a note on what it was made of."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path

Note = dict[str, object]


def write_noted(path: str | os.PathLike, samples: np.ndarray, note: Mapping[str, object]) -> None:
    """Write int16 samples of shape (T,) atomically, with `note` in the comment field.

    Args:
        path: file to write, `.wav` or `.flac`.
        samples: samples.
        note: what can be written as JSON.

    Raises:
        OSError: writing fails, e.g. on a full disk; the error names the file.
    """
    # Encoded in memory because libsndfile, unlike Python's own files, does not report a full disk.
    encoded = io.BytesIO()
    container = Path(path).suffix[1:].upper()
    with soundfile.SoundFile(encoded, "w", SAMPLE_RATE, 1, "PCM_16", format=container) as out:
        out.comment = json.dumps(note, sort_keys=True)
        out.write(samples)
    with atomic_path(path) as temporary:
        temporary.write_bytes(encoded.getvalue())


def read_note(path: str | os.PathLike) -> tuple[Note, int]:
    """Return the note and the number of samples of a file from `write_noted`.

    Raises:
        FileNotFoundError: the file does not exist.
        UserError: another program wrote the file.
    """
    with open(path, "rb") as file:
        try:
            with soundfile.SoundFile(file) as audio:
                return json.loads(audio.comment), audio.frames
        except (soundfile.SoundFileError, ValueError) as error:
            raise UserError(path, f"has no note from espnet_kd ({error})", "remove it") from None


def has_note(path: str | os.PathLike, note: Mapping[str, object]) -> bool:
    """Return whether a file from `write_noted` exists and has this note."""
    try:
        return read_note(path)[0] == note
    except (FileNotFoundError, UserError):
        return False
