"""Convert audio to the project's only format; this is done only when a user asks for it."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

import numpy as np
import soundfile

from espnet_kd.data.audio import SAMPLE_RATE, write_samples
from espnet_kd.errors import UserError

STEPS = 32768  # 16-bit steps from 0 to full scale, as in libsndfile


def other_format(path: str | os.PathLike) -> str:
    """Return how a file differs from 16-kHz 16-bit wav or flac, e.g. `48000 Hz`, or "".

    Raises:
        UserError: the file is missing, truncated, empty, not audio, or has several channels (only
            the user knows which one to use).
    """
    if not os.path.isfile(path):
        raise UserError(path, "audio file is missing", "restore it or correct its path")
    try:
        info = soundfile.info(os.fspath(path))
    except soundfile.SoundFileError as error:
        raise UserError(path, f"is not an audio file ({error})", "restore or convert it") from None
    check_whole(path)
    if info.channels != 1:
        raise UserError(
            path, f"has {info.channels} channels, not 1", "write the channel to use as a mono file"
        )
    if info.frames == 0:
        raise UserError(path, "contains 0 samples", "restore it or leave the recording out")
    found = []
    if info.samplerate != SAMPLE_RATE:
        found.append(f"{info.samplerate} Hz")
    if info.format not in ("WAV", "FLAC") or info.subtype != "PCM_16":
        found.append(f"{info.format} {info.subtype}")
    return ", ".join(found)


def check_whole(path: str | os.PathLike) -> None:
    """Reject a truncated wav, which libsndfile would shorten without an error.

    Raises:
        UserError: the file is shorter than its header says.
    """
    with open(path, "rb") as file:
        head = file.read(8)
    size, promised = os.path.getsize(path), 8 + int.from_bytes(head[4:], "little")
    if head.startswith(b"RIFF") and size + 1 < promised:  # some programs omit the padding byte
        raise UserError(path, f"is truncated: {size} of {promised} bytes", "restore it")


def write_copy(source: str | os.PathLike, copy: Path) -> int:
    """Write a file's audio as 16-kHz 16-bit wav, unless a copy exists that is not older.

    16-bit samples at 16 kHz stay as they are. Other rates are resampled with a polyphase filter
    (`scipy.signal.resample_poly`), and other sample formats are rounded. Nothing is scaled, so a
    mixture and its reference keep their levels.

    Args:
        source: mono audio.
        copy: file to write.

    Returns:
        The number of samples clipped because they exceeded full scale; 0 if the copy was kept.

    Raises:
        UserError: the samples cannot be decoded or are not finite.
    """
    with contextlib.suppress(FileNotFoundError):
        if copy.stat().st_mtime_ns >= os.stat(source).st_mtime_ns:
            return 0
    try:
        signal, rate = soundfile.read(os.fspath(source), dtype="float64")
    except soundfile.SoundFileError as error:
        raise UserError(source, f"cannot be decoded ({error})", "restore it") from None
    if not np.isfinite(signal).all():
        raise UserError(source, "contains samples that are not finite", "restore it")
    if rate != SAMPLE_RATE:
        from scipy.signal import resample_poly  # slow to import, rarely needed

        common = math.gcd(rate, SAMPLE_RATE)
        signal = resample_poly(signal, SAMPLE_RATE // common, rate // common)
    steps = np.rint(signal * STEPS)
    whole = np.clip(steps, -STEPS, STEPS - 1)
    write_samples(copy, whole.astype(np.int16))
    return int(np.count_nonzero(steps != whole))
