"""Read audio files of any format that libsndfile knows, and choose the format of an output."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from espnet_kd.data.decode import audio_source
from espnet_kd.data.header import check_rate, encoded, read_header
from espnet_kd.data.waves import FULL_SCALE
from espnet_kd.errors import UserError

BLOCK = 1 << 16  # frames read at once
SUFFIXES = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}
# Sample formats that any number of samples fits into; others come in blocks.
KEPT = ("PCM_U8", "PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
FINER = ("PCM_32", "FLOAT", "DOUBLE")  # than FLAC's 24 bits
LARGEST_WAV = 4_000_000_000  # bytes; a larger wav file needs the form RF64


@dataclass(frozen=True)
class Recording:
    """An audio file that can be enhanced.

    Attributes:
        path: the file.
        rate: in Hz.
        channels: number of channels C.
        format: container, as libsndfile calls it.
        subtype: sample format, as libsndfile calls it.
    """

    path: Path
    rate: int
    channels: int
    format: str
    subtype: str

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Read the header of a file; its format is known by its content, not by its name.

        Raises:
            UserError: it does not exist, is not audio, is truncated, is empty, or has a rate
                outside 8 to 192 kHz.
        """
        if not os.path.exists(path):  # also False for a name that is too long
            raise UserError(path, "does not exist", "give an audio file, or a folder of them")
        header = read_header(path)
        check_rate(header, path)
        if header.frames == 0:
            raise UserError(path, "contains 0 samples", "leave it out")
        return cls(path, header.rate, header.channels, header.container, header.subtype)

    def blocks(self, size: int = BLOCK) -> Iterator[np.ndarray]:
        """Yield the samples (n, C), float32, in order; full scale is 1.

        Raises:
            UserError: samples cannot be decoded, are not finite, or are fewer than the header says.
        """
        read = 0
        header = read_header(self.path)
        with audio_source(self.path, header) as source, soundfile.SoundFile(source) as audio:
            while len(block := audio.read(size, dtype="float32", always_2d=True)):
                if not np.isfinite(block).all():
                    frame = read + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
                    raise UserError(
                        self.path,
                        f"contains samples that are not finite (first at {frame})",
                        "restore it",
                    )
                read += len(block)
                yield block
        if read < header.frames:
            problem = f"is truncated: {read} of {header.frames} samples"
            raise UserError(self.path, problem, "restore it")
        if not read:
            raise UserError(self.path, "contains 0 samples", "leave it out")


@dataclass(frozen=True)
class OutputFormat:
    """How an enhanced recording is stored; the file's name tells the container.

    Attributes:
        rate: in Hz.
        channels: number of channels.
        format: container.
        subtype: sample format: that of the recording where the container has it.
    """

    rate: int
    channels: int
    format: str
    subtype: str

    @classmethod
    def choose(cls, recording: Recording, out: Path) -> OutputFormat:
        """Choose the format of an output.

        Raises:
            UserError: the name does not end like an audio file, or its format does not have the
                rate or the number of channels of the recording.
        """
        container = SUFFIXES.get(out.suffix.lower())
        if container is None:
            known = ", ".join(SUFFIXES)
            raise UserError(out, "does not end like an audio file", f"end it in one of {known}")
        subtype = recording.subtype
        if container == "FLAC" and subtype in FINER:
            subtype = "PCM_24"
        if subtype not in KEPT or not soundfile.check_format(container, subtype):
            subtype = soundfile.default_subtype(container)
        chosen = cls(recording.rate, recording.channels, container, subtype)
        try:
            chosen.writer(io.BytesIO()).close()
        except soundfile.SoundFileError:
            raise UserError(
                out,
                f"{container} does not have {recording.channels} channels at {recording.rate} Hz",
                "write a .wav file",
            ) from None
        return chosen

    @property
    def clips(self) -> bool:
        """Whether samples beyond full scale are lost."""
        return self.subtype not in ("FLOAT", "DOUBLE")

    def stored(self, samples: np.ndarray) -> np.ndarray:
        """Round samples (n, C) to 16 bits for PCM_16; libsndfile would truncate them in wav."""
        if self.subtype != "PCM_16":
            return samples
        return np.rint(samples * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)

    def writer(self, file: io.IOBase | str, frames: int = 0) -> soundfile.SoundFile:
        """Open a file for writing `frames` samples."""
        container = self.format
        if container == "WAV" and frames * self.channels * 8 > LARGEST_WAV:
            container = "RF64"
        if isinstance(file, str):
            file = encoded(file)
        return soundfile.SoundFile(
            file, "w", self.rate, self.channels, self.subtype, format=container
        )
