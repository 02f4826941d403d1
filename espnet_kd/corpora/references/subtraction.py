"""Make clean references of simulated mixtures by subtracting the noise.

CHiME-3's simulation adds speech and noise and does not scale the sum, so the difference is the
clean image at each microphone, up to rounding. Each reference must still pass the checks of
`espnet_kd.corpora.references.checks`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from espnet_kd.corpora.references.checks import Measures, measure
from espnet_kd.corpora.references.noise_segment import NoiseSegment
from espnet_kd.data.audio import FULL_SCALE, num_samples, read_samples
from espnet_kd.data.noted_audio import read_note, write_noted
from espnet_kd.errors import UserError
from espnet_kd.origin import stamps

OFFSETS = (0, -1, 1)  # samples; the annotated seconds may have been rounded differently
OFFSET_GAIN_DB = 0.5  # an offset other than 0 must be better by more than this
FRAME = 160  # samples, 10 ms


@dataclass(frozen=True)
class Job:
    """All channels of one utterance.

    Attributes:
        ids: ESPnet's utterance id for each channel.
        mixtures, references: one path per channel; `references` (FLAC) are written.
        noise: where the noise in the mixtures comes from.
        original: the speech before simulation; used if it exists.
    """

    ids: tuple[str, ...]
    mixtures: tuple[Path, ...]
    references: tuple[Path, ...]
    noise: NoiseSegment
    original: Path

    def channel(self, index: int) -> Job:
        """Return the job for one of the channels."""
        one = slice(index, index + 1)
        return Job(
            ids=self.ids[one],
            mixtures=self.mixtures[one],
            references=self.references[one],
            noise=replace(self.noise, recordings=self.noise.recordings[one]),
            original=self.original,
        )

    def made_of(self) -> str:
        """Return the stamps of the files whose samples are subtracted."""
        return stamps((*self.mixtures, *self.noise.sources()))


@dataclass(frozen=True)
class Outcome:
    """What `make_references` did for one channel.

    Attributes:
        id: one of `Job.ids`.
        method: where the noise comes from, background or estimate.
        made: whether the reference was written now; False if it already existed or is bad.
        measures: None if the audio could not be read.
        problem: what is wrong, in words, if no reference could be made; else None.
    """

    id: str
    method: str
    made: bool
    measures: Measures | None
    problem: str | None = None


def make_references(job: Job) -> list[Outcome]:
    """Write the references of one utterance.

    An existing reference is kept if it is complete and was made of the same files with the same
    settings. All channels share one offset of the noise. But if a channel cannot be read or does
    not fit, each channel is processed separately.

    Returns:
        The outcome of each channel.

    Raises:
        OSError: the disk is full. Each reference is then either complete or absent.
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
            note = {
                "settings": job.noise.settings(),
                "made_of": channels[index].made_of(),
                "measures": asdict(measures[index]),
            }
            write_noted(path, clean.astype(np.int16), note)
        else:
            problem = f"{job.mixtures[index].name} minus its noise: {problem}"
            path.unlink(missing_ok=True)
        outcomes.append(Outcome(job.ids[index], method, not problem, measures[index], problem))
    return outcomes


def choose_offset(mixtures: np.ndarray, noise: np.ndarray) -> int:
    """Return the shift of the noise that leaves the least residual: -1, 0 or 1 samples.

    The criterion is the mean frame level, in dB, of the residual's first difference. It emphasizes
    pauses and high frequencies, where a shifted noise does not cancel.

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
                f"has {len(samples)} samples, but {annotated} of noise are annotated",
                "restore the audio or its annotation",
            )
    return np.stack(mixtures).astype(np.int32)


def _read_noise(segment: NoiseSegment, mixtures: np.ndarray) -> tuple[np.ndarray, int]:
    length = mixtures.shape[1]
    noise = segment.read(length)
    offset = choose_offset(mixtures, noise)
    return (segment.read(length, offset), offset) if offset else (noise, 0)


def _kept(channel: Job) -> Outcome | None:
    """Return the outcome of an earlier run, or None if something has changed since."""
    (utterance,), (path,), (mixture,) = channel.ids, channel.references, channel.mixtures
    try:
        note, length = read_note(path)
        measures = Measures(**note["measures"])
        whole = length == num_samples(mixture)
        same = (note["settings"], note["made_of"]) == (channel.noise.settings(), channel.made_of())
    except (OSError, UserError, KeyError, TypeError):
        return None
    same = same and measures.problem() is None
    return Outcome(utterance, channel.noise.method, False, measures) if whole and same else None
