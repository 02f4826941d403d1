"""Decode a part of an audio file, of the length that its header was found to have."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator

import numpy as np
import soundfile

from espnet_kd.data.header import encoded, read_mono_header
from espnet_kd.data.header_type import Header
from espnet_kd.errors import UserError


class _Corrected(io.FileIO):
    """A file that is read without its tag, and as if its header were true."""

    def __init__(self, path: str | os.PathLike, header: Header):
        super().__init__(path)
        self._header = header
        self.seek(0)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = self._header.start
        return super().seek(offset + start if whence == io.SEEK_SET else offset, whence) - start

    def tell(self) -> int:
        return super().tell() - self._header.start

    def readinto(self, buffer) -> int:
        start = super().tell()
        count = super().readinto(buffer)
        view = memoryview(buffer).cast("B")
        for place, right in self._header.corrections:
            for offset, byte in enumerate(right, place - start):
                if 0 <= offset < count:
                    view[offset] = byte
        return count


@contextlib.contextmanager
def audio_source(path: str | os.PathLike, header: Header) -> Iterator[str | bytes | io.FileIO]:
    """Yield what libsndfile must be given to decode a file; its errors become a UserError.

    All of this package decodes audio from here, so that nothing believes a wrong header.

    Args:
        path: audio file.
        header: from `read_header`.

    Raises:
        UserError: the samples cannot be decoded.
    """
    try:
        if header.corrections or header.start:
            with _Corrected(path, header) as file:
                yield file
        else:
            yield encoded(path)
    except (soundfile.SoundFileError, OSError) as error:
        raise UserError(path, f"cannot be decoded ({error})", "restore it") from None


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
    with audio_source(path, header) as source, soundfile.SoundFile(source) as audio:
        if audio.seekable():
            audio.seek(start)
        else:  # such as GSM in wav
            audio.read(start)
        samples = audio.read(stop - start, dtype=dtype, always_2d=True)
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
