"""The header of an audio file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """Format and length of an audio file.

    Attributes:
        container: WAV (also its extensible and 64-bit forms), FLAC, or another of libsndfile's.
        subtype: libsndfile's name of the sample format, e.g. PCM_16.
        rate: sampling rate in Hz.
        channels: number of channels.
        frames: number of samples per channel that the file holds.
        corrections: offsets in the file, and the bytes that make its header true if written there.
        start: offset of the container in the file, after a tag.
    """

    container: str
    subtype: str
    rate: int
    channels: int
    frames: int
    corrections: tuple[tuple[int, bytes], ...] = ()
    start: int = 0
