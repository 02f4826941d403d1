"""What an audio file says it holds, checked against what it does hold.

All of this package reads headers here. Containers are known by their content, whatever the name of
the file. Sizes that cannot be true, which programs leave behind that write to a pipe, are replaced
by those of the audio itself. A file that is cut is an error.
"""

from __future__ import annotations

import os
from typing import BinaryIO

import soundfile

from espnet_kd.data.flac_header import MAGIC as FLAC_MAGIC
from espnet_kd.data.flac_header import read_flac_header
from espnet_kd.data.header_type import Header
from espnet_kd.data.wav_header import MAGICS as WAV_MAGICS
from espnet_kd.data.wav_header import read_wav_header
from espnet_kd.errors import UserError

CREDIBLE = 1 << 48  # frames; libsndfile returns 2^63 - 1 for an unknown length


def read_header(path: str | os.PathLike) -> Header:
    """Read the header of an audio file in any format that libsndfile knows.

    Raises:
        UserError: the file is missing, unreadable, empty, cut, or not audio; a header contradicts
            itself.
    """
    try:
        size = os.stat(path).st_size
        with open(path, "rb") as file:
            if size == 0:
                raise UserError(path, "audio file is empty (0 bytes)", "restore it")
            magic = file.read(4)
            if magic in WAV_MAGICS:
                header = read_wav_header(file, size, path)
            elif magic == FLAC_MAGIC:
                header = read_flac_header(file, size, path)
            else:
                header = _of_libsndfile(file, size, path)
    except FileNotFoundError:
        raise UserError(path, "audio file is missing", "restore it or correct its path") from None
    except OSError as error:  # e.g. no permission, a symlink loop, a failing disk
        raise UserError(path, f"cannot be read ({error.strerror})", "restore it") from None
    return header or libsndfile_header(path)


def read_mono_header(path: str | os.PathLike) -> Header:
    """Read the header of a file with one channel.

    Raises:
        UserError: see `read_header`; the file has several channels (only the user knows which one
            to use).
    """
    header = read_header(path)
    if header.channels != 1:
        raise UserError(
            path,
            f"has {header.channels} channels, not 1",
            "write the channel to use as a mono file",
        )
    return header


def libsndfile_header(path: str | os.PathLike) -> Header:
    """Return what libsndfile reads from a header.

    Raises:
        UserError: it cannot read the file, or does not find its length.
    """
    try:
        info = soundfile.info(os.fspath(path))
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: named as headerless audio
        raise UserError(path, f"is not an audio file ({error})", "restore or convert it") from None
    if not 0 <= info.frames < CREDIBLE:
        raise UserError(path, "does not say how long it is", "convert it to wav")
    return Header(info.format, info.subtype, info.samplerate, info.channels, info.frames)


def _of_libsndfile(file: BinaryIO, size: int, path: str | os.PathLike) -> None:
    """Reject a cut AIFF, which libsndfile would shorten without an error."""
    file.seek(0)
    head = file.read(8)
    promised = 8 + int.from_bytes(head[4:], "big")
    if head.startswith(b"FORM") and size + 1 < promised:  # some programs omit the padding byte
        raise UserError(path, f"is truncated: {size} of {promised} bytes", "restore it")
