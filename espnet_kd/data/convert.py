"""Copies of audio in the project's one format, made only when a user asks for them."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

import numpy as np
import soundfile

from espnet_kd.data.audio import SAMPLE_RATE, write_samples
from espnet_kd.errors import UserError

STEPS = 32768  # of 16 bits from 0 to full scale, as libsndfile counts them


def other_format(path: str | os.PathLike) -> str:
    """What about a file is not 16-kHz 16-bit wav or flac, `48000 Hz`, say; empty if all is.

    Raises:
        UserError: the file is missing, truncated, empty, no audio, or has several channels: which
            of them is meant only the user knows.
    """
    if not os.path.isfile(path):
        raise UserError(path, "audio file is missing", "restore it or correct its path")
    try:
        info = soundfile.info(os.fspath(path))
    except soundfile.SoundFileError as error:
        raise UserError(path, f"is no audio file ({error})", "restore or convert it") from None
    _check_whole(path)
    if info.channels != 1:
        raise UserError(
            path, f"has {info.channels} channels, not 1", "write the one to use as a mono file"
        )
    if info.frames == 0:
        raise UserError(path, "holds 0 samples", "restore it or leave the recording out")
    found = []
    if info.samplerate != SAMPLE_RATE:
        found.append(f"{info.samplerate} Hz")
    if info.format not in ("WAV", "FLAC") or info.subtype != "PCM_16":
        found.append(f"{info.format} {info.subtype}")
    return ", ".join(found)


def _check_whole(path: str | os.PathLike) -> None:
    """Refuse a truncated wav: libsndfile shortens it without a word, its header does not."""
    with open(path, "rb") as file:
        head = file.read(8)
    size, promised = os.path.getsize(path), 8 + int.from_bytes(head[4:], "little")
    if head.startswith(b"RIFF") and size + 1 < promised:  # some writers forget the byte that pads
        raise UserError(path, f"is truncated: {size} of {promised} bytes", "restore it")


def write_copy(source: str | os.PathLike, copy: Path) -> int:
    """Write a file's audio as 16-kHz 16-bit wav, unless a copy is there that is not older.

    16-bit samples at 16 kHz stay as they are; other rates pass a polyphase filter
    (`scipy.signal.resample_poly`), other sample formats are rounded. Nothing is scaled, so that a
    mixture and its reference keep their levels.

    Args:
        source: mono audio.
        copy: file to write.

    Returns:
        How many samples were beyond full scale and clipped; 0 for a copy that was there.

    Raises:
        UserError: samples that cannot be decoded, or are no numbers.
    """
    with contextlib.suppress(FileNotFoundError):
        if copy.stat().st_mtime_ns >= os.stat(source).st_mtime_ns:
            return 0
    try:
        signal, rate = soundfile.read(os.fspath(source), dtype="float64")
    except soundfile.SoundFileError as error:
        raise UserError(source, f"cannot be decoded ({error})", "restore it") from None
    if not np.isfinite(signal).all():
        raise UserError(source, "holds samples that are no finite numbers", "restore it")
    if rate != SAMPLE_RATE:
        from scipy.signal import resample_poly  # slow to import, seldom needed

        common = math.gcd(rate, SAMPLE_RATE)
        signal = resample_poly(signal, SAMPLE_RATE // common, rate // common)
    steps = np.rint(signal * STEPS)
    whole = np.clip(steps, -STEPS, STEPS - 1)
    write_samples(copy, whole.astype(np.int16))
    return int(np.count_nonzero(steps != whole))
