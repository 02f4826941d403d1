"""Convert audio to the project's only format; this is done only when a user asks for it."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np

from espnet_kd.data.audio import CONTAINERS, SAMPLE_RATE
from espnet_kd.data.decode import read_signal
from espnet_kd.data.header import check_rate, read_mono_header
from espnet_kd.data.noted_audio import has_note, write_noted
from espnet_kd.data.waves import FULL_SCALE
from espnet_kd.errors import UserError
from espnet_kd.origin import stamp


def other_format(path: str | os.PathLike) -> str:
    """Return how a file differs from 16-kHz 16-bit wav or flac, e.g. `48000 Hz`, or "".

    Raises:
        UserError: see `read_header` and `check_rate`; the file is empty, or has several channels
            (only the user knows which one to use).
    """
    header = read_mono_header(path)
    check_rate(header, path)
    if header.frames == 0:
        raise UserError(path, "contains 0 samples", "restore it or leave the recording out")
    found = []
    if header.rate != SAMPLE_RATE:
        found.append(f"{header.rate} Hz")
    if header.container not in CONTAINERS or header.subtype != "PCM_16":
        found.append(f"{header.container} {header.subtype}")
    return ", ".join(found)


def write_copy(source: str | os.PathLike, copy: Path) -> int:
    """Write a file's audio as 16-kHz 16-bit wav, unless a copy of it exists.

    16-bit samples at 16 kHz stay as they are. Other rates are resampled with a polyphase filter
    (`scipy.signal.resample_poly`), and other sample formats are rounded. Nothing is scaled, so a
    mixture and its reference keep their levels.

    Args:
        source: mono audio.
        copy: file to write.

    Returns:
        The number of samples clipped because they exceeded full scale; 0 if the copy was kept.

    Raises:
        UserError: see `read_signal`.
    """
    note = {"made_of": stamp(source)}
    if has_note(copy, note):
        return 0
    signal, rate = read_signal(source)
    if rate != SAMPLE_RATE:
        from scipy.signal import resample_poly  # slow to import, rarely needed

        common = math.gcd(rate, SAMPLE_RATE)
        signal = resample_poly(signal, SAMPLE_RATE // common, rate // common)
    steps = np.rint(signal * FULL_SCALE)
    whole = np.clip(steps, -FULL_SCALE, FULL_SCALE - 1)
    write_noted(copy, whole.astype(np.int16), note)
    return int(np.count_nonzero(steps != whole))
