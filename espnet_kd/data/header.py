"""What an audio file says it holds, checked against what it does hold.

All of this package reads headers here. Containers are known by their content, whatever the name of
the file. Sizes that cannot be true, which programs leave behind that write to a pipe, are replaced
by those of the audio itself. A file that is cut is an error.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from typing import BinaryIO

import soundfile

from espnet_kd.data.flac_header import MAGIC as FLAC_MAGIC
from espnet_kd.data.flac_header import read_flac_header
from espnet_kd.data.header_type import Header
from espnet_kd.data.wav_header import MAGICS as WAV_MAGICS
from espnet_kd.data.wav_header import is_unknown, read_wav_header
from espnet_kd.errors import UserError

CREDIBLE = 1 << 48  # frames; libsndfile returns 2^63 - 1 for an unknown length
LOWEST_RATE, HIGHEST_RATE = 8000, 192_000  # Hz, of speech; other numbers are of damaged headers
OGG_PAGE = 1 << 16  # bytes; no page is longer

# What libsndfile notes about a file that is cut, instead of an error. Sizes of a whole file are
# often wrong, so those of RIFX do not count.
_SIZE = re.compile(r"^(?!RIFX)[^*\n]*: (\d+) \(should be (\d+)\)$", re.MULTILINE)
_FRAMES = re.compile(r"\b(?:Frames|Cols)\s*: (\d+)$", re.MULTILINE)
_CUT = ("Seems to be a truncated file", "Junk after the last page")


def read_header(path: str | os.PathLike) -> Header:
    """Read the header of an audio file in any format that libsndfile knows.

    Raises:
        UserError: the file is missing, unreadable, empty, cut, or not audio; a header contradicts
            itself; it is a pipe or a device.
    """
    try:
        status = os.stat(path)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            # Opening a pipe waits for a program that writes to it.
            raise UserError(path, "is a pipe or a device, not a file", "write the audio to a file")
        with open(path, "rb") as file:
            size = status.st_size
            if size == 0:
                raise UserError(path, "audio file is empty (0 bytes)", "restore it")
            start = _tag_length(file)
            file.seek(start)
            magic = file.read(4)
            if magic in WAV_MAGICS:
                header = read_wav_header(file, size, path, start)
            elif magic == FLAC_MAGIC:
                header = read_flac_header(file, size, path, start)
            else:
                return _of_libsndfile(file, size, path)
    except FileNotFoundError:
        raise UserError(path, "audio file is missing", "restore it or correct its path") from None
    except OSError as error:  # e.g. no permission, a symlink loop, a failing disk
        raise UserError(path, f"cannot be read ({error.strerror})", "restore it") from None
    return replace(header, start=start) if header else libsndfile_header(path)


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


def check_rate(header: Header, path: str | os.PathLike) -> None:
    """Reject a sampling rate outside 8 to 192 kHz.

    Raises:
        UserError: the rate is outside.
    """
    if not LOWEST_RATE <= header.rate <= HIGHEST_RATE:
        raise UserError(
            path,
            f"has a sampling rate of {header.rate} Hz, which is not in {LOWEST_RATE} to "
            f"{HIGHEST_RATE}",
            "resample it",
        )


def libsndfile_header(path: str | os.PathLike) -> Header:
    """Return what libsndfile reads from a header.

    Raises:
        UserError: it cannot read the file, or does not find its length.
    """
    return _header(path, _info(path))


def encoded(path: str | os.PathLike) -> str | bytes:
    """Return a path as libsndfile takes it, also if its name is not UTF-8."""
    name = os.fspath(path)
    return name if name.isascii() else os.fsencode(name)


def _info(path: str | os.PathLike):
    try:
        return soundfile.info(encoded(path), verbose=True)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: named as headerless audio
        raise UserError(path, f"is not an audio file ({error})", "restore or convert it") from None


def _header(path: str | os.PathLike, info) -> Header:
    if not 0 <= info.frames < CREDIBLE:
        raise UserError(path, "does not say how long it is", "convert it to wav")
    return Header(info.format, info.subtype, info.samplerate, info.channels, info.frames)


def _tag_length(file: BinaryIO) -> int:
    """Return the length in bytes of an ID3 tag in front of the audio (id3.org, ID3v2.4, 3.1)."""
    head = file.read(10)
    if len(head) < 10 or not head.startswith(b"ID3") or any(byte & 0x80 for byte in head[6:]):
        return 0
    footer = 10 if head[5] & 0x10 else 0
    return 10 + footer + sum(byte << 7 * place for place, byte in enumerate(reversed(head[6:])))


def _of_libsndfile(file: BinaryIO, size: int, path: str | os.PathLike) -> Header:
    """Read another format; libsndfile would shorten a cut file without an error."""
    file.seek(0)
    head = file.read(1024)
    promised = 8 + int.from_bytes(head[4:8], "big")
    if head.startswith(b"FORM") and size + 1 < promised:  # some programs omit the padding byte
        raise UserError(path, f"is truncated: {size} of {promised} bytes", "restore it")
    info = _info(path)
    header = _header(path, info)
    cut = any(words in info.extra_info for words in _CUT) or any(
        int(stated) > int(present) and not is_unknown(int(stated), int(present))
        for stated, present in _SIZE.findall(info.extra_info)
    )
    stated = [int(frames) for frames in _FRAMES.findall(info.extra_info)]
    if head.startswith(b"NIST_1A") and (found := re.search(rb"\bsample_count -i (\d+)", head)):
        stated.append(int(found[1]))
    if max(stated, default=0) > header.frames:
        raise UserError(
            path, f"is truncated: {header.frames} of {max(stated)} samples", "restore it"
        )
    if cut or (head.startswith(b"OggS") and not _ends_as_ogg(file, size)):
        raise UserError(path, f"is truncated: after {header.frames} samples", "restore it")
    return header


def _ends_as_ogg(file: BinaryIO, size: int) -> bool:
    """Return whether the last page of an Ogg file says that it is the last one (RFC 3533)."""
    file.seek(max(0, size - OGG_PAGE))
    tail = file.read()
    page = tail.rfind(b"OggS")
    return page >= 0 and tail[page + 5 : page + 6] != b"" and bool(tail[page + 5] & 4)
