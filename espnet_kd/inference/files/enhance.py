"""Enhance one audio file, in memory that does not grow with its length."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from espnet_kd.characters import line
from espnet_kd.data.header import encoded
from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path
from espnet_kd.inference.files.backend import Backend
from espnet_kd.inference.files.formats import OutputFormat, Recording
from espnet_kd.inference.files.pieces import divide, enhance_piece, faded, piece_seconds
from espnet_kd.inference.files.resample import resampled
from espnet_kd.inference.files.samples import SampleSpool
from espnet_kd.inference.files.stream import AnyStreamer, streamed
from espnet_kd.inference.observation import TINY, ObservationWeight
from espnet_kd.progress import progress


@dataclass(frozen=True)
class Done:
    """What was written.

    Attributes:
        seconds: length of the recording.
        clipped: number of samples that exceeded full scale.
    """

    seconds: float
    clipped: int


class Levels:
    """Products of the model's output e and the mixture x over a whole recording, per channel.

    Args:
        channels: number of channels C.
    """

    def __init__(self, channels: int):
        self._ex, self._ee, self._xx = np.zeros((3, channels))

    def add(self, enhanced: np.ndarray, mixture: np.ndarray) -> None:
        """Add samples (n, C) of both."""
        enhanced, mixture = enhanced.astype(np.float64), mixture.astype(np.float64)
        self._ex += (enhanced * mixture).sum(axis=0)
        self._ee += (enhanced * enhanced).sum(axis=0)
        self._xx += (mixture * mixture).sum(axis=0)

    def gain(self) -> np.ndarray:
        """Return the gain (C,) to the level of the mixture; see `distill.gain.match_gain`."""
        return self._ex / np.maximum(self._ee, TINY)

    def weight(self, observation: ObservationWeight) -> np.ndarray:
        """Return the weight (C,) of the enhanced signal; see `ObservationWeight`."""
        speech = self._ex**2 / np.maximum(self._ee, TINY)  # power after the gain
        noise = np.maximum(self._xx - speech, 0)
        return observation.of_levels(np.sqrt(speech), np.sqrt(noise))


def enhance_file(
    recording: Recording,
    out: Path,
    backend: Backend,
    observation: ObservationWeight,
    seconds: float | None = None,
    streamer: AnyStreamer | None = None,
) -> Done:
    """Enhance each channel of a recording; rate, length, channels and level stay as they are.

    The recording is resampled to the model's rate, and the output back. So it holds nothing above
    half the model's rate, except what the observation adds. Samples are kept in TMPDIR.

    A stream cannot know the level of the whole recording, so its output has the model's own.

    Args:
        recording: file to read.
        out: file to write; its suffix tells the format.
        backend: the model.
        observation: weight of the enhanced signal in its sum with the recording.
        seconds: longest piece that is enhanced at once, see `divide`; None: as fits into memory.
        streamer: the model of `backend` as a stream, to be used instead; `observation` must then
            be constant.

    Raises:
        UserError: see `Recording.blocks` and `OutputFormat.choose`; the model's output is not
            finite; `out` cannot be written.
    """
    form = OutputFormat.choose(recording, out)
    name = line(recording.path.name)
    mixture, enhanced = SampleSpool(recording.channels), SampleSpool(recording.channels)
    counter = Counter(recording.blocks())
    for block in resampled(counter, recording.rate, backend.sample_rate):
        mixture.append(block)
    levels = Levels(recording.channels)
    if streamer is None:
        seconds = piece_seconds(backend) if seconds is None else seconds
        output = _in_pieces(name, mixture, backend, seconds)
    else:
        output = streamed(mixture, streamer, backend.sample_rate, name)
    for block in output:
        if not np.isfinite(block).all():
            problem = "the model's output is not finite"
            raise UserError(recording.path, problem, "train the model again")
        levels.add(block, mixture.read(len(enhanced), len(enhanced) + len(block)))
        enhanced.append(block)
    gain, weight = levels.gain(), levels.weight(observation)
    if streamer is not None:
        gain = np.ones_like(gain)
    scaled = ((block * (weight * gain)).astype(np.float32) for block in enhanced.blocks())
    blocks = resampled(scaled, backend.sample_rate, recording.rate)
    if observation.adds:
        blocks = _with_observation(blocks, recording, 1 - weight)
    clipped = _write(out, form, blocks, counter.frames)
    return Done(counter.frames / recording.rate, clipped)


class Counter:
    """Blocks of samples, counted while they are read."""

    def __init__(self, blocks: Iterator[np.ndarray]):
        self._blocks = blocks
        self.frames = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            self.frames += len(block)
            yield block


def _in_pieces(
    name: str, mixture: SampleSpool, backend: Backend, seconds: float
) -> Iterator[np.ndarray]:
    pieces = divide(len(mixture), seconds, backend)
    shown = progress(
        pieces,
        f"{name}, pieces of up to {seconds:.0f} s",
        audio=lambda piece: (piece.stop - piece.start) / backend.sample_rate,
    )
    return faded((piece, enhance_piece(piece, mixture.read, backend)) for piece in shown)


def _with_observation(
    blocks: Iterator[np.ndarray], recording: Recording, weight: np.ndarray
) -> Iterator[np.ndarray]:
    """Add `weight` (C,) times the recording, at its own rate."""
    rest = recording.blocks()
    heard = np.empty((0, recording.channels), dtype=np.float32)
    for block in blocks:
        while len(heard) < len(block) and (more := next(rest, None)) is not None:
            heard = np.concatenate([heard, more])
        size = min(len(heard), len(block))  # resampling there and back may add samples at the end
        yield (block[:size] + weight * heard[:size]).astype(np.float32)
        heard = heard[size:]


def _write(out: Path, form: OutputFormat, blocks: Iterator[np.ndarray], frames: int) -> int:
    """Write exactly `frames` samples, atomically; return how many exceeded full scale."""
    left, clipped = frames, 0
    with atomic_path(out) as temporary:
        try:
            with form.writer(os.fspath(temporary), frames) as file:
                for block in blocks:
                    block = block[:left]
                    left -= len(block)
                    clipped += int((np.abs(block) > 1).sum()) if form.clips else 0
                    file.write(form.stored(block))
            # libsndfile does not report every failure.
            whole = soundfile.info(encoded(temporary)).frames >= frames
        except soundfile.SoundFileError:
            whole = False
        if not whole:
            raise UserError(out, "cannot be written in full", "check the free space of its folder")
    return clipped
