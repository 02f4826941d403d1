"""Read and write the project's only audio format: 16-kHz 16-bit mono."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterable, Iterator

import numpy as np

from espnet_kd.data.decode import decode
from espnet_kd.data.header import read_header
from espnet_kd.data.header_type import Header
from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path

SAMPLE_RATE = 16000
FULL_SCALE = 32767
CONTAINERS = ("WAV", "FLAC")


def num_samples(path: str | os.PathLike) -> int:
    """Return the number of samples in a wav or flac file; see `read_header` for what is read.

    Raises:
        UserError: the file is missing, unreadable, empty, cut, or not 16-kHz 16-bit mono.
    """
    return _own_header(path).frames


def _own_header(path: str | os.PathLike) -> Header:
    header = read_header(path)
    if header.rate != SAMPLE_RATE:
        raise UserError(
            path, f"sampling rate is {header.rate} Hz, not {SAMPLE_RATE}", "resample it"
        )
    if header.channels != 1:
        raise UserError(path, f"has {header.channels} channels, not 1", "split it into mono files")
    if header.container not in CONTAINERS or header.subtype != "PCM_16":
        raise UserError(
            path,
            f"holds {header.container} {header.subtype} samples, not 16-bit PCM in wav or flac",
            "convert it",
        )
    if header.frames == 0:
        raise UserError(path, "contains 0 samples", "restore it or remove the utterance")
    return header


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
        UserError: as `read_any_samples`; the samples are all zero.
    """
    samples = read_any_samples(path, start, stop)
    if not samples.any():
        raise UserError(path, f"all {len(samples)} samples are zero", "restore it or leave it out")
    return samples


def read_any_samples(
    path: str | os.PathLike, start: int = 0, stop: int | None = None
) -> np.ndarray:
    """Return samples [start, stop), which may be silent, as int16 of shape (T,).

    Raises:
        UserError: see `num_samples`; the range is outside the file; the samples cannot be decoded.
    """
    header = _own_header(path)
    stop = header.frames if stop is None else stop
    if not 0 <= start < stop <= header.frames:
        raise UserError(
            path,
            f"samples {start} to {stop} are requested, but it has {header.frames}",
            "check the annotation",
        )
    return decode(path, header, "int16", start, stop)[:, 0]


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
