"""Clean references of tr05_simu: the noisy recording less its background segment.

CHiME-3's simulation adds equalised, steered WSJ0 speech and a background segment sample by sample
and scales nothing afterwards, so the difference is the clean image at each microphone, to rounding.
Nothing is taken on trust: each utterance must pass the checks below.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import fft

from espnet_kd.data.audio import (
    FULL_SCALE,
    SAMPLE_RATE,
    num_samples,
    read_samples,
    write_samples,
)
from espnet_kd.errors import UserError

OFFSETS = (0, -1, 1)  # samples; the annotation's seconds may have been rounded another way
OFFSET_GAIN_DB = 0.5  # an offset other than 0 must be this much better
FRAME = 160  # samples, 10 ms
LEADING = 1600  # samples, 100 ms
MAX_LAG = 1600  # samples between the original and its image at a microphone
NOISE_WEIGHT = (0.5, 1.5)  # part of the background in the noisy signal: 1 if it is the right one
MIN_CORRELATION = 0.3
ROUNDING = 4.0  # RMS in LSB that is as good as silence


@dataclass(frozen=True)
class Job:
    """One utterance, all its channels.

    Attributes:
        name: CHiME-4's name.
        original: the WSJ0 speech in `tr05_org`.
        noisy, background, references: one path a channel; `references` are written.
        start, stop: annotated first sample and end of the background segment.
    """

    name: str
    original: Path
    noisy: tuple[Path, ...]
    background: tuple[Path, ...]
    references: tuple[Path, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Outcome:
    """What `make_references` did: the chosen offset and clipped samples, or why it failed.

    Attributes:
        made: False where the references were there already.
        problem: None, or what is wrong in words (bad audio, a segment outside its background, a
            failed check); nothing was written then.
    """

    name: str
    made: bool = True
    offset: int = 0
    clipped: int = 0
    problem: str | None = None


def make_references(job: Job) -> Outcome:
    """Write the references of one utterance, unless they are there and newer than their sources.

    Raises:
        OSError: disk full; a reference is either whole or absent.
    """
    if all(map(_up_to_date, job.references, job.noisy, job.background)):
        return Outcome(job.name, made=False)
    try:
        noisy = _read_channels(job)
        background = np.stack([_read_segment(p, job.start, noisy.shape[1]) for p in job.background])
        original = read_samples(job.original).astype(np.int32)
    except UserError as error:
        return Outcome(job.name, made=False, problem=str(error))
    offset = choose_offset(noisy, background)
    clean = noisy - _at_offset(background, offset)
    if problem := find_problem(noisy, clean, original, job.noisy):
        return Outcome(job.name, made=False, offset=offset, problem=problem)
    for path, samples in zip(job.references, clean, strict=True):
        write_samples(path, np.clip(samples, -FULL_SCALE - 1, FULL_SCALE).astype(np.int16))
    clipped = int(np.count_nonzero(np.abs(noisy) >= FULL_SCALE))
    return Outcome(job.name, offset=offset, clipped=clipped)


def choose_offset(noisy: np.ndarray, background: np.ndarray) -> int:
    """Shift of the segment that leaves the least noise: -1, 0 or 1 samples.

    Judged by the mean level in dB of the differenced residual's frames, so that pauses and high
    frequencies, where a shifted noise does not cancel, decide.

    Args:
        noisy: (C, T).
        background: (C, T + 2), one sample more on either side.
    """
    levels = {o: _mean_frame_level(noisy - _at_offset(background, o)) for o in OFFSETS}
    best = min(OFFSETS, key=levels.__getitem__)
    return best if levels[best] < levels[0] - OFFSET_GAIN_DB else 0


def find_problem(
    noisy: np.ndarray, clean: np.ndarray, original: np.ndarray, names: Sequence[Path]
) -> str | None:
    """Judge references against what simulation implies; None if all channels pass.

    Three checks a channel. The noisy signal holds the background with weight 1 (regression on the
    part taken away). In the first 100 ms the residual is no louder than the scaled original
    explains. The residual correlates with the original at some lag.

    Args:
        noisy, clean: (C, T).
        original: (T',).
        names: named in the answer, one a channel.
    """
    correlations = _peak_correlations(clean, original)
    for channel, name in enumerate(names):
        x, s = noisy[channel].astype(float), clean[channel].astype(float)
        noise = x - s
        weight = x @ noise / max(noise @ noise, 1.0)
        if not NOISE_WEIGHT[0] <= weight <= NOISE_WEIGHT[1]:
            low, high = NOISE_WEIGHT
            return (
                f"{Path(name).name} holds its background segment with weight {weight:.2f}, "
                f"not {low} to {high}"
            )
        explained = _rms(s) / _rms(original) * _rms(original[:LEADING])
        limit = 2 * explained + _rms(noise[:LEADING]) / 2 + ROUNDING
        if (residual := _rms(s[:LEADING])) > limit:
            return (
                f"{Path(name).name} less its background has an RMS of {residual:.0f} in the first "
                f"{1000 * LEADING // SAMPLE_RATE} ms, at most {limit:.0f} is plausible"
            )
        if correlations[channel] < MIN_CORRELATION:
            return (
                f"{Path(name).name} less its background correlates {correlations[channel]:.2f} "
                f"with the original, at least {MIN_CORRELATION} is plausible"
            )
    return None


def _read_channels(job: Job) -> np.ndarray:
    channels = [read_samples(path) for path in job.noisy]
    for path, samples in zip(job.noisy, channels, strict=True):
        if len(samples) != len(channels[0]) or abs(job.stop - job.start - len(samples)) > 1:
            raise UserError(
                path,
                f"has {len(samples)} samples, {job.noisy[0].name} has "
                f"{len(channels[0])}, the annotated background {job.stop - job.start}",
                "restore the audio or its annotation",
            )
    return np.stack(channels).astype(np.int32)


def _read_segment(path: Path, start: int, length: int) -> np.ndarray:
    """(length + 2,): the segment and one sample on either side, zero beyond the file's ends."""
    first, last = start - 1, start + length + 1
    total = num_samples(path)
    if start < 0 or start + length > total + 1:
        raise UserError(
            path,
            f"background ends at {total}, {start} to {start + length} are annotated",
            "restore the audio or its annotation",
        )
    inside = read_samples(path, max(first, 0), min(last, total)).astype(np.int32)
    return np.pad(inside, (max(-first, 0), max(last - total, 0)))


def _at_offset(background: np.ndarray, offset: int) -> np.ndarray:
    return background[:, 1 + offset : background.shape[1] - 1 + offset]


def _mean_frame_level(residual: np.ndarray) -> float:
    step = np.diff(residual, axis=1).astype(float)
    frames = step[:, : step.shape[1] // FRAME * FRAME].reshape(len(step), -1, FRAME)
    return float(np.mean(10 * np.log10((frames**2).mean(axis=-1) + 1)))


def _peak_correlations(clean: np.ndarray, original: np.ndarray) -> np.ndarray:
    """(C,): largest absolute normalised correlation within +-MAX_LAG samples."""
    size = fft.next_fast_len(clean.shape[1] + len(original), real=True)
    spectrum = (
        fft.rfft(clean.astype(np.float32), size)
        * fft.rfft(original.astype(np.float32), size).conj()
    )
    product = fft.irfft(spectrum, size)
    near = np.abs(np.concatenate([product[:, -MAX_LAG:], product[:, : MAX_LAG + 1]], axis=1))
    energy = (clean.astype(float) ** 2).sum(axis=1) * (original.astype(float) ** 2).sum()
    return near.max(axis=1) / np.sqrt(np.maximum(energy, 1.0))


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))


def _up_to_date(reference: Path, *sources: Path) -> bool:
    try:
        made = os.stat(reference).st_mtime
        newer = all(os.stat(source).st_mtime <= made for source in sources)
        return newer and num_samples(reference) == num_samples(sources[0])
    except (OSError, UserError):
        return False
