"""Clean references of simulated mixtures: the mixture less its noise.

CHiME-3's simulation adds speech and noise and scales nothing afterward, so the difference is the
clean image at each microphone, to rounding. Nothing is taken on trust: each reference must pass
`reference_checks`.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from espnet_kd.corpora.references.checks import Measures, measure
from espnet_kd.corpora.references.noise_segment import NoiseSegment
from espnet_kd.data.audio import FULL_SCALE, num_samples, read_samples
from espnet_kd.data.flac import read_flac, write_flac
from espnet_kd.errors import UserError

OFFSETS = (0, -1, 1)  # samples; the annotation's seconds may have been rounded another way
OFFSET_GAIN_DB = 0.5  # an offset other than 0 must be this much better
FRAME = 160  # samples, 10 ms


@dataclass(frozen=True)
class Job:
    """One utterance, all its channels.

    Attributes:
        ids: ESPnet's id of each channel's utterance.
        mixtures, references: one path a channel; `references` (flac) are written.
        noise: where the noise in them is from.
        original: the speech before simulation; used where it exists.
    """

    ids: tuple[str, ...]
    mixtures: tuple[Path, ...]
    references: tuple[Path, ...]
    noise: NoiseSegment
    original: Path

    def channel(self, index: int) -> Job:
        """One of its channels."""
        one = slice(index, index + 1)
        return Job(
            ids=self.ids[one],
            mixtures=self.mixtures[one],
            references=self.references[one],
            noise=replace(self.noise, recordings=self.noise.recordings[one]),
            original=self.original,
        )


@dataclass(frozen=True)
class Outcome:
    """What `make_references` did for one channel.

    Attributes:
        id: of `Job.ids`.
        method: background or estimate, where the noise is from.
        made: whether the reference was written now; False where it was there already.
        measures: None where no noise could be had.
        problem: None, or what is wrong in words; nothing was written then.
    """

    id: str
    method: str
    made: bool
    measures: Measures | None
    problem: str | None = None


def make_references(job: Job) -> list[Outcome]:
    """Write the references of one utterance.

    One is left alone if it is whole, newer than its sources, and made with the same settings. All
    channels have one offset of the noise, unless one of them cannot be read or does not fit: then
    each is treated by itself.

    Returns:
        One for each channel.

    Raises:
        OSError: disk full; a reference is either whole or absent.
    """
    method = job.noise.method
    channels = [job.channel(index) for index in range(len(job.ids))]
    kept = [_kept(channel) for channel in channels]
    if all(kept):
        return kept
    try:
        mixtures = _read_mixtures(job)
        noise, offset = _read_noise(job.noise, mixtures)
        original = read_samples(job.original) if job.original.exists() else None
    except UserError as error:
        if len(channels) > 1:
            return [outcome for channel in channels for outcome in make_references(channel)]
        return [Outcome(job.ids[0], method, False, None, str(error))]
    outcomes = []
    measures = measure(mixtures, noise, original, method, offset)
    for index, path in enumerate(job.references):
        problem = measures[index].problem()
        if problem is None:
            clean = np.rint(mixtures[index] - noise[index]).clip(-FULL_SCALE - 1, FULL_SCALE)
            note = {"settings": job.noise.settings(), "measures": asdict(measures[index])}
            write_flac(path, clean.astype(np.int16), note)
        else:
            problem = f"{job.mixtures[index].name} less its noise: {problem}"
            path.unlink(missing_ok=True)
        outcomes.append(Outcome(job.ids[index], method, not problem, measures[index], problem))
    return outcomes


def choose_offset(mixtures: np.ndarray, noise: np.ndarray) -> int:
    """Shift of the noise that leaves the least of it: -1, 0 or 1 samples.

    Judged by the mean level in dB of the differenced residual's frames, so that pauses and high
    frequencies, where a shifted noise does not cancel, decide.

    Args:
        mixtures, noise: (channels, samples).
    """
    levels = {o: _mean_frame_level(mixtures[:, 1:-1] - _shifted(noise, o)) for o in OFFSETS}
    best = min(OFFSETS, key=levels.__getitem__)
    return best if levels[best] < levels[0] - OFFSET_GAIN_DB else 0


def _shifted(noise: np.ndarray, offset: int) -> np.ndarray:
    return noise[:, 1 + offset : noise.shape[1] - 1 + offset]


def _mean_frame_level(residual: np.ndarray) -> float:
    step = np.diff(residual, axis=1).astype(float)
    frames = step[:, : step.shape[1] // FRAME * FRAME].reshape(len(step), -1, FRAME)
    return float(np.mean(10 * np.log10((frames**2).mean(axis=-1) + 1)))


def _read_mixtures(job: Job) -> np.ndarray:
    mixtures = [read_samples(path) for path in job.mixtures]
    annotated = job.noise.stop - job.noise.start
    for path, samples in zip(job.mixtures, mixtures, strict=True):
        if len(samples) != len(mixtures[0]) or abs(annotated - len(samples)) > 1:
            raise UserError(
                path,
                f"has {len(samples)} samples, {annotated} of noise are annotated",
                "restore the audio or its annotation",
            )
    return np.stack(mixtures).astype(np.int32)


def _read_noise(segment: NoiseSegment, mixtures: np.ndarray) -> tuple[np.ndarray, int]:
    length = mixtures.shape[1]
    noise = segment.read(length)
    offset = choose_offset(mixtures, noise)
    return (segment.read(length, offset), offset) if offset else (noise, 0)


def _kept(channel: Job) -> Outcome | None:
    """The reference that an earlier run made, unless something has changed since."""
    (utterance,), (path,), (mixture,) = channel.ids, channel.references, channel.mixtures
    try:
        made = os.stat(path).st_mtime_ns
        sources = (mixture, *channel.noise.sources())
        if any(os.stat(source).st_mtime_ns > made for source in sources):
            return None
        note, length = read_flac(path)
        measures = Measures(**note["measures"])
    except (OSError, UserError, KeyError, TypeError):
        return None
    whole = length == num_samples(mixture)
    same = note.get("settings") == channel.noise.settings() and measures.problem() is None
    return Outcome(utterance, channel.noise.method, False, measures) if whole and same else None
