"""Read and write the project's only audio format: 16-kHz 16-bit mono."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterable, Iterator

import numpy as np
import soundfile

from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path

SAMPLE_RATE = 16000
FULL_SCALE = 32767


def num_samples(path: str | os.PathLike) -> int:
    """Return the number of samples in a wav or flac file, reading only its header.

    Raises:
        UserError: the file is missing, unreadable, empty, truncated, or not 16-kHz 16-bit mono.
    """
    try:
        rate, channels, bits, frames = _header(path)
    except FileNotFoundError:
        raise UserError(path, "audio file is missing", "restore it or correct its path") from None
    except OSError as error:  # e.g. no permission, a symlink loop, a failing disk
        raise UserError(path, f"cannot be read ({error.strerror})", "restore it") from None
    if rate != SAMPLE_RATE:
        raise UserError(path, f"sampling rate is {rate} Hz, not {SAMPLE_RATE}", "resample it")
    if channels != 1:
        raise UserError(path, f"has {channels} channels, not 1", "split it into mono files")
    if bits != 16:
        raise UserError(path, f"has {bits}-bit samples, not 16", "convert it to 16-bit PCM")
    if frames == 0:
        raise UserError(path, "contains 0 samples", "restore it or remove the utterance")
    return frames


def _header(path: str | os.PathLike) -> tuple[int, int, int, int]:
    size = os.stat(path).st_size
    if size == 0:
        raise UserError(path, "audio file is empty (0 bytes)", "restore it")
    is_flac = os.fspath(path).lower().endswith(".flac")
    return _flac_header(path) if is_flac else _wav_header(path, size)


def _wav_header(path: str | os.PathLike, size: int) -> tuple[int, int, int, int]:
    # libsndfile silently shortens a truncated wav; the wave module reports the header's length.
    try:
        with open(path, "rb") as file, wave.open(file) as header:
            start = file.tell()
            rate, channels = header.getframerate(), header.getnchannels()
            width, frames = header.getsampwidth(), header.getnframes()
    except (wave.Error, EOFError) as error:
        raise UserError(
            path,
            f"is not a 16-bit PCM wav file ({error or 'truncated header'})",
            "convert or restore it",
        ) from None
    present = (size - start) // (width * channels)
    if present < frames:
        raise UserError(path, f"is truncated: {present} of {frames} samples", "restore it")
    return rate, channels, 8 * width, frames


def _flac_header(path: str | os.PathLike) -> tuple[int, int, int, int]:
    try:
        info = soundfile.info(os.fspath(path))
    except soundfile.SoundFileError as error:
        raise UserError(path, f"is not a flac file ({error})", "convert or restore it") from None
    return info.samplerate, info.channels, int(info.subtype.removeprefix("PCM_")), info.frames


def _num_samples_or_missing(path: str) -> int | None:
    return num_samples(path) if os.path.exists(path) else None


def scan_lengths(paths: Iterable[str], nj: int, title: str = "headers") -> Iterator[int]:
    """Yield the number of samples of each file; see `num_samples` for the errors."""
    return parallel_map(num_samples, paths, nj, title, chunk=512)


def scan_present(paths: Iterable[str], nj: int, title: str = "headers") -> Iterator[int | None]:
    """Yield the number of samples of each file, or None for a file that does not exist."""
    return parallel_map(_num_samples_or_missing, paths, nj, title, chunk=512)


def read_samples(path: str | os.PathLike, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Return samples [start, stop) as int16 of shape (T,).

    Raises:
        UserError: see `num_samples`; the range is outside the file; the samples cannot be decoded
            or are all zero.
    """
    total = num_samples(path)
    stop = total if stop is None else stop
    if not 0 <= start < stop <= total:
        raise UserError(
            path,
            f"samples {start} to {stop} are requested, but it has {total}",
            "check the annotation",
        )
    try:
        samples, _ = soundfile.read(os.fspath(path), start=start, stop=stop, dtype="int16")
    except soundfile.SoundFileError as error:
        raise UserError(path, f"cannot be decoded ({error})", "restore it") from None
    if not samples.any():
        raise UserError(path, f"all {len(samples)} samples are zero", "restore it or leave it out")
    return samples


def write_samples(path: str | os.PathLike, samples: np.ndarray) -> None:
    """Write int16 samples of shape (T,) as a wav file, atomically.

    Raises:
        OSError: writing fails, e.g. on a full disk; the error names the file.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SAMPLE_RATE)
            out.writeframes(samples.astype("<i2").tobytes())
        file.flush()
