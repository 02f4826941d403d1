"""Decode a part of an audio file, of the length that its header was found to have."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import soundfile

from espnet_kd.data.header import read_mono_header
from espnet_kd.data.header_type import Header
from espnet_kd.errors import UserError


def decode(
    path: str | os.PathLike, header: Header, dtype: str, start: int = 0, stop: int | None = None
) -> np.ndarray:
    """Decode samples [start, stop) of an audio file.

    Args:
        path: audio file.
        header: from `read_header`.
        dtype: `int16`, or a floating type for samples in [-1, 1).
        start, stop: range within the file.

    Returns:
        (T, channels).

    Raises:
        UserError: the samples cannot be decoded, or fewer are there.
    """
    stop = header.frames if stop is None else stop
    try:
        source = os.fspath(path)
        if header.corrections:
            source = io.BytesIO(header.correct(Path(path).read_bytes()))
        samples, _ = soundfile.read(source, stop - start, start, dtype=dtype, always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise UserError(path, f"cannot be decoded ({error})", "restore it") from None
    if len(samples) < stop - start:
        raise UserError(
            path, f"is truncated: {start + len(samples)} of {stop} samples", "restore it"
        )
    return samples


def read_signal(path: str | os.PathLike) -> tuple[np.ndarray, int]:
    """Read a mono file of any format and sampling rate.

    Returns:
        Samples (T,) float64 with full scale 1, and the sampling rate in Hz.

    Raises:
        UserError: see `read_header` and `decode`; it has several channels, or samples that are not
            finite.
    """
    header = read_mono_header(path)
    signal = decode(path, header, "float64")[:, 0]
    if not np.isfinite(signal).all():
        raise UserError(path, "contains samples that are not finite", "restore it")
    return signal, header.rate
