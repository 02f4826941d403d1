"""Headers of FLAC files (RFC 9639): the stated length, and that of the audio that is there.

The last frame says where it lies in the recording, and a checksum at its end whether it is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import soundfile

from espnet_kd.data.header_type import Header
from espnet_kd.errors import UserError

MAGIC = b"fLaC"
STREAMINFO = 8  # offset of the first metadata block's content
TAIL = 1 << 17  # bytes at the end in which the last frame begins, if the header does not say
TAG = 128  # bytes of an ID3 tag at the end


@dataclass(frozen=True)
class _Frame:
    """A frame by its header.

    Attributes:
        offset: where it begins in the bytes searched.
        first: number of its first sample.
        last: number of the sample after its last one.
    """

    offset: int
    first: int
    last: int


def read_flac_header(file: BinaryIO, size: int, path: str | os.PathLike, start: int = 0) -> Header:
    """Read the header of a FLAC file of `size` bytes, of which the first `start` are a tag.

    Raises:
        UserError: the file is cut.
    """
    file.seek(start + STREAMINFO)
    info = file.read(34)
    begin = _audio_offset(file, size, start)
    if len(info) < 34 or begin is None:
        raise UserError(path, "is not a flac file (truncated header)", "restore or convert it")
    fields = int.from_bytes(info[10:18], "big")  # 20 bits, 3, 5, 36
    rate, stated = fields >> 44, fields & ((1 << 36) - 1)
    channels, bits = (fields >> 41 & 7) + 1, (fields >> 36 & 31) + 1
    largest = int.from_bytes(info[7:10], "big")
    file.seek(max(begin, size - (largest + 4 * TAG if largest else TAIL)))
    tail = file.read()
    block = int.from_bytes(info[2:4], "big")
    present = _count(tail, block, stated, path) if size > begin else 0
    if present < stated:
        raise UserError(path, f"is truncated: {present} of {stated} samples", "restore it")
    right = fields >> 36 << 36 | present
    corrections = (
        ((start + STREAMINFO + 10, right.to_bytes(8, "big")),) if present != stated else ()
    )
    return Header("FLAC", f"PCM_{bits}", rate, channels, present, corrections)


def _count(tail: bytes, block: int, stated: int, path: str | os.PathLike) -> int:
    """Return how many samples a file holds.

    Args:
        tail: the end of the file, with its last frame.
        block: block size of the file.
        stated: number of samples by the header, 0 if unknown.
        path: the file.

    Raises:
        UserError: a file of unknown length ends within a frame.
    """
    if tail[-TAG:].startswith(b"TAG"):
        tail = tail[:-TAG]
    frames = list(_frames(tail, block))
    for frame in reversed(frames):
        if _crc16(tail[frame.offset :]) == 0:
            return frame.last
    # Something else follows the last frame, or the file is cut within it.
    if stated and any(frame.last == stated for frame in frames) and _decodes(path, stated):
        return stated
    before = max((f.first for f in frames if not stated or f.first < stated), default=0)
    if not stated:
        raise UserError(path, f"is truncated: after {before} samples", "restore it")
    return before


def _audio_offset(file: BinaryIO, size: int, start: int) -> int | None:
    """Return where the metadata blocks end; None if the file ends before."""
    place, is_last = start + len(MAGIC), False
    while not is_last:
        file.seek(place)
        head = file.read(4)
        if len(head) < 4:
            return None
        is_last = bool(head[0] & 0x80)
        place += 4 + int.from_bytes(head[1:], "big")
    return place if place <= size else None


def _decodes(path: str | os.PathLike, count: int) -> bool:
    """Return whether the last of `count` samples can be decoded."""
    try:
        return len(soundfile.read(os.fspath(path), start=count - 1, stop=count)[0]) == 1
    except soundfile.SoundFileError:
        return False


def _frames(tail: bytes, block: int) -> Iterator[_Frame]:
    """Yield the frames that begin in `tail`; `block` is the block size of the file."""
    offset = tail.find(b"\xff")
    while offset >= 0:
        frame = _frame(tail, offset, block)
        if frame is not None:
            yield frame
        offset = tail.find(b"\xff", offset + 1)


def _frame(tail: bytes, offset: int, block: int) -> _Frame | None:
    """Read the header of a frame; None if there is none (RFC 9639, section 9.1)."""
    head = tail[offset : offset + 16]
    if len(head) < 6 or head[1] & 0xFE != 0xF8:
        return None
    size_code, rate_code = head[2] >> 4, head[2] & 15
    if not size_code or rate_code == 15 or head[3] >> 4 > 10 or head[3] & 1:
        return None
    number, place = _coded_number(head)
    if place is None:
        return None
    extra = {6: 1, 7: 2}.get(size_code, 0)
    if extra:
        size = int.from_bytes(head[place : place + extra], "big") + 1
    elif size_code == 1:
        size = 192
    else:
        size = 576 << size_code - 2 if size_code < 6 else 256 << size_code - 8
    end = place + extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if len(head) <= end or _crc8(head[:end]) != head[end]:
        return None
    first = number if head[1] & 1 else number * block
    return _Frame(offset, first, first + size)


def _coded_number(head: bytes) -> tuple[int, int | None]:
    """Return the number that begins at byte 4, coded like UTF-8, and the place after it."""
    lead = head[4]
    count = 8 - (~lead & 0xFF).bit_length()  # leading ones
    if count == 0:
        return lead, 5
    if count in (1, 8) or len(head) < 4 + count:
        return 0, None
    number = lead & (0x7F >> count)
    for byte in head[5 : 4 + count]:
        if byte & 0xC0 != 0x80:
            return 0, None
        number = number << 6 | byte & 0x3F
    return number, 4 + count


def _table(polynomial: int, bits: int) -> list[int]:
    values = []
    for value in range(256):
        rest = value << bits - 8
        for _ in range(8):
            rest = rest << 1 ^ (polynomial if rest >> bits - 1 & 1 else 0)
        values.append(rest & (1 << bits) - 1)
    return values


_CRC8 = _table(0x07, 8)
_CRC16 = _table(0x8005, 16)


def _crc8(data: bytes) -> int:
    rest = 0
    for byte in data:
        rest = _CRC8[rest ^ byte]
    return rest


def _crc16(data: bytes) -> int:
    """Return the checksum of a frame; 0 for a whole one, which ends with its checksum."""
    rest = 0
    for byte in data:
        rest = (rest << 8 & 0xFF00) ^ _CRC16[rest >> 8 ^ byte]
    return rest
