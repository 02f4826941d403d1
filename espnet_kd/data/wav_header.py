"""Headers of wav files: "Multimedia Programming Interface 1.0" (1991), and EBU Tech 3306 (RF64)."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

from espnet_kd.data.header_type import Header
from espnet_kd.errors import UserError

MAGICS = (b"RIFF", b"RF64", b"BW64")
EXTENSIBLE = 0xFFFE
SUBTYPES = {
    (1, 8): "PCM_U8",
    (1, 16): "PCM_16",
    (1, 24): "PCM_24",
    (1, 32): "PCM_32",
    (3, 32): "FLOAT",
    (3, 64): "DOUBLE",
    (6, 8): "ALAW",
    (7, 8): "ULAW",
}
IN_DS64 = 0xFFFFFFFF  # a 64-bit file has its sizes in the chunk ds64


@dataclass
class _Chunks:
    """What stands before the audio.

    Attributes:
        start: offset of the first chunk, RIFF or RF64.
        magic: name of the first chunk.
        format: content of the chunk `fmt `.
        sizes: offset of the content of the chunk `ds64`.
        data: offset of the audio.
        length: length of the audio in bytes, by its chunk.
    """

    start: int = 0
    magic: bytes = b"RIFF"
    format: bytes | None = None
    sizes: int | None = None
    data: int | None = None
    length: int = 0


def read_wav_header(
    file: BinaryIO, size: int, path: str | os.PathLike, start: int = 0
) -> Header | None:
    """Read the header of a wav file of `size` bytes, of which the first `start` are a tag.

    Returns:
        The header; None for compressed audio, whose length only libsndfile knows.

    Raises:
        UserError: the file is cut, is not wav, or its header contradicts itself.
    """
    chunks = _read_chunks(file, size, start)
    if chunks.data is None:
        raise UserError(path, "is not a wav file (truncated header)", "restore or convert it")
    if chunks.format is None or len(chunks.format) < 16:
        raise UserError(path, "is not a wav file (no format)", "restore or convert it")
    tag, channels, rate, _, block, bits = struct.unpack("<HHIIHH", chunks.format[:16])
    if tag == EXTENSIBLE and len(chunks.format) >= 26:
        (tag,) = struct.unpack("<H", chunks.format[24:26])
    subtype = SUBTYPES.get((tag, bits))
    if subtype is None:
        _audio_length(file, size, path, chunks, 1)
        return None
    if not (rate and channels and block == channels * bits // 8):
        raise UserError(
            path,
            f"says {rate} Hz, {channels} channels, {bits} bits, {block} bytes for all channels",
            "restore or convert it",
        )
    length, corrections = _audio_length(file, size, path, chunks, block)
    return Header("WAV", subtype, rate, channels, length // block, corrections)


def _read_chunks(file: BinaryIO, size: int, start: int) -> _Chunks:
    file.seek(start)
    chunks = _Chunks(start, file.read(4))
    place = start + 12
    while place + 8 <= size:
        file.seek(place)
        name, length = struct.unpack("<4sI", file.read(8))
        place += 8
        if name == b"fmt ":
            chunks.format = file.read(min(length, 40))
        elif name == b"ds64":
            chunks.sizes = place
        elif name == b"data":
            chunks.data, chunks.length = place, length
            break
        place += length + length % 2
    return chunks


def _audio_length(
    file: BinaryIO, size: int, path: str | os.PathLike, chunks: _Chunks, block: int
) -> tuple[int, tuple[tuple[int, bytes], ...]]:
    """Return the length of the audio in bytes, and what must be corrected to say so."""
    start, length, origin = chunks.data, chunks.length, chunks.start
    # libsndfile knows BW64 only by its other name.
    names = ((origin, b"RF64"),) if chunks.magic == b"BW64" else ()
    place, form = start - 4, "<I"
    if length == IN_DS64 and chunks.sizes is not None:
        place, form = chunks.sizes + 8, "<Q"
        file.seek(place)
        (length,) = struct.unpack(form, file.read(8).ljust(8, b"\0"))
    present = size - start
    if is_unknown(length, present) and not (length == 0 and _are_chunks(file, start, size)):
        whole = present - present % block
        if whole > 0xFFFFFFFF - start and form == "<I":
            raise UserError(path, "is too long for a wav file", "cut it")
        right = struct.pack(form, whole)
        riff = struct.pack("<I", min(size - 8 - origin, IN_DS64))
        return whole, (*names, (origin + 4, riff), (place, right))
    if length > present:
        unit = "samples" if block > 1 else "bytes"
        raise UserError(
            path, f"is truncated: {present // block} of {length // block} {unit}", "restore it"
        )
    rest = start + length + length % 2
    if not (_are_chunks(file, rest, size) or _is_padding(file, rest)):
        raise UserError(
            path,
            f"says that its audio ends after {length // block} samples, but {size - rest} other "
            "bytes follow",
            "write it again with a right header",
        )
    return length - length % block, names


def is_unknown(length: int, present: int) -> bool:
    """Return whether a program wrote this length because it did not know the right one.

    It is 0, or close to the largest signed or unsigned number: ffmpeg writes 0xFFFFFFFF, sox and
    espeak 0x7FFFF000, arecord 0x80000000.
    """
    if length == 0:
        return present > 0
    close = any(0 <= top - length <= 0x1000 for top in (1 << 31, 1 << 32, 1 << 63, 1 << 64))
    return length > present and close


def _are_chunks(file: BinaryIO, place: int, size: int) -> bool:
    """Return whether chunks fill the file from a place to its end."""
    while place < size:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8 or not all(32 <= byte < 127 for byte in head[:4]) or head[:4] == b"data":
            return False
        length = int.from_bytes(head[4:], "little")
        place += 8 + length + length % 2
    return place <= size + 1  # some programs omit the padding byte


def _is_padding(file: BinaryIO, place: int) -> bool:
    """Return whether only zeros, or an ID3 tag, or an odd byte follow."""
    file.seek(place)
    rest = file.read()
    return not any(rest) or len(rest) == 1 or (rest.startswith(b"TAG") and len(rest) == 128)
