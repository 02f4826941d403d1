from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_kd.corpora.references.noise_segment import NoiseSegment
from espnet_kd.corpora.references.subtraction import Job, choose_offset, make_references
from espnet_kd.data.noted_audio import read_note, write_noted

NAME = "011_011C0201_CAF"  # its noise starts at sample 1003 and has 8160 samples


@pytest.fixture
def job(chime4, tmp_path) -> Job:
    channels = (1, 5)
    return Job(
        ids=("one", "five"),
        mixtures=tuple(chime4.isolated("tr05_caf_simu", f"{NAME}.CH{c}") for c in channels),
        references=tuple(tmp_path / f"references/{NAME}.CH{c}.flac" for c in channels),
        noise=NoiseSegment(tuple(chime4.background("CAF", c) for c in channels), 1003, 1003 + 8160),
        original=chime4.isolated("tr05_org", "011_011C0201_ORG"),
    )


def at(job: Job, start: int, stop: int) -> Job:
    return replace(job, noise=replace(job.noise, start=start, stop=stop))


def read(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="int16")[0].astype(int)


def damage(path: Path, change) -> None:
    samples = change(read(path))
    soundfile.write(path, samples.astype(np.int16), 16000, subtype="PCM_16")


def test_the_reference_is_the_speech_that_was_added(job):
    outcomes = make_references(job)
    assert [outcome.id for outcome in outcomes] == ["one", "five"]
    for outcome in outcomes:
        assert outcome.made and outcome.problem is None
        assert (outcome.measures.offset, outcome.measures.clipped) == (0, 0)
    original = read(job.original)
    for channel, path in zip((1, 5), job.references, strict=True):
        assert np.array_equal(read(path), np.roll(original, channel) * 3 // 4)


@pytest.mark.parametrize("shift", [-1, 1])
def test_an_annotation_off_by_one_sample_is_found(job, shift):
    make_references(job)
    expected = [read(path) for path in job.references]
    outcomes = make_references(at(job, 1003 - shift, 9163 - shift))
    assert [(o.made, o.measures.offset) for o in outcomes] == [(True, shift)] * 2
    for path, samples in zip(job.references, expected, strict=True):
        assert np.array_equal(read(path), samples)


@pytest.mark.parametrize("seed", range(5))
def test_the_offset_stays_zero_unless_another_is_clearly_better(seed):
    rng = np.random.default_rng(seed)
    noisy = rng.integers(-900, 900, (1, 4000))
    assert choose_offset(noisy, rng.integers(-99, 99, (1, 4000))) == 0


def test_a_wrong_segment_is_rejected_and_nothing_written(job):
    first, _ = make_references(at(job, 1403, 1403 + 8160))
    assert f"{NAME}.CH1.wav minus its noise: the noise has weight " in first.problem
    assert not any(path.exists() for path in job.references)


def test_a_reference_that_was_good_before_is_removed(job):
    make_references(job)
    make_references(at(job, 1403, 1403 + 8160))
    assert not any(path.exists() for path in job.references)


def test_noise_left_in_the_leading_silence_of_one_channel_is_rejected(job):
    rng = np.random.default_rng(1)

    def loud_lead(samples):
        samples[:1600] += rng.integers(-800, 800, 1600)
        return samples

    damage(job.mixtures[1], loud_lead)
    good, bad = make_references(job)
    assert good.made and job.references[0].exists() and not job.references[1].exists()
    assert f"{NAME}.CH5.wav minus its noise: its first 100 ms are at " in bad.problem


def test_speech_of_another_sentence_is_rejected(job):
    rng = np.random.default_rng(2)

    def other(samples):
        quiet = samples[:1600]
        return np.concatenate([quiet, rng.integers(-900, 900, len(samples) - 1600)])

    damage(job.original, other)
    assert all(
        "correlation with the original is 0.0" in outcome.problem
        for outcome in make_references(job)
    )


def test_without_the_original_there_is_less_to_check(job):
    job.original.unlink()
    assert all(o.made and np.isnan(o.measures.correlation) for o in make_references(job))


def test_clipped_samples_are_counted_and_the_others_exact(job):
    make_references(job)
    exact = read(job.references[0])
    damage(job.mixtures[0], lambda s: np.where(np.arange(len(s)) == 4000, 32767, s))
    clipped, whole = make_references(job)
    assert (clipped.measures.clipped, whole.measures.clipped) == (1, 0)
    assert np.flatnonzero(read(job.references[0]) - exact).tolist() == [4000]


@pytest.mark.parametrize(
    ("start", "stop", "problem"),
    [
        (1003, 9100, "CH{}.wav: has 8160 samples, but 8097 of noise are annotated"),
        (47000, 55160, "CAF.CH{}.wav: ends at 48000, but 47000 to 55160 are annotated"),
    ],
)
def test_annotations_that_do_not_fit_the_audio(job, start, stop, problem):
    for channel, outcome in zip((1, 5), make_references(at(job, start, stop)), strict=True):
        assert problem.format(channel) in outcome.problem and outcome.measures is None


def no_background(job):
    job.noise.recordings[1].unlink()


def shorter_background(job):
    damage(job.noise.recordings[1], lambda samples: samples[:4000])


def shorter_mixture(job):
    damage(job.mixtures[1], lambda samples: samples[:-1])


def silent_mixture(job):
    damage(job.mixtures[1], lambda samples: 0 * samples)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (no_background, "CAF.CH5.wav: audio file is missing"),
        (shorter_background, "CAF.CH5.wav: ends at 4000, but "),
        (silent_mixture, "CAF.CH5.wav: all 8160 samples are zero"),
    ],
)
def test_an_unreadable_channel_does_not_affect_the_others(job, spoil, problem):
    make_references(job)
    expected = read(job.references[0])
    for path in job.references:
        path.unlink()
    spoil(job)
    good, bad = make_references(job)
    assert good.made and np.array_equal(read(job.references[0]), expected)
    assert problem in bad.problem and not job.references[1].exists()
    assert made(job) == [False, False], "the good one is kept"


def test_channel_lengths_may_differ_by_rounding(job):
    shorter_mixture(job)
    assert [(o.problem, o.measures.offset) for o in make_references(job)] == [(None, 0)] * 2


def test_a_segment_may_touch_both_ends_of_its_background(job):
    noise = [read(path)[1003 : 1003 + 8160] for path in job.noise.recordings]
    for path, samples in zip(job.noise.recordings, noise, strict=True):
        damage(path, lambda _, samples=samples: samples)
    outcomes = make_references(at(job, 0, 8160))
    assert [(o.problem, o.measures.offset) for o in outcomes] == [(None, 0)] * 2


def made(job: Job) -> list[bool]:
    return [outcome.made for outcome in make_references(job)]


def test_finished_references_are_kept_with_their_measures(job):
    first = make_references(job)
    again = make_references(job)
    assert [o.made for o in again] == [False, False]
    assert [o.measures for o in again] == [o.measures for o in first]


def test_stale_incomplete_and_foreign_references_are_made_again(job):
    make_references(job)
    assert made(at(job, 1002, 9162)) == [True, True], "other settings"
    assert made(job) == [True, True], "and back"
    stamp = os.stat(job.references[0]).st_mtime
    os.utime(job.mixtures[0], (stamp + 10, stamp + 10))
    assert made(job) == [True, True], "a newer mixture"
    os.utime(job.mixtures[0], (stamp - 10, stamp - 10))
    assert made(job) == [True, True], "an older mixture"
    assert made(job) == [False, False]
    soundfile.write(job.references[1], np.ones(8160, np.int16), 16000, subtype="PCM_16")
    assert made(job) == [True, True], "not our file"
    write_noted(job.references[1], np.ones(8159, np.int16), read_note(job.references[1])[0])
    assert made(job) == [True, True], "another length"
    assert made(job) == [False, False]


def test_a_full_disk_leaves_nothing_half_written_and_a_rerun_completes(job, monkeypatch):
    write = Path.write_bytes

    def full(self, data):
        if job.references[1].stem in self.name:
            write(self, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError) as caught:
            make_references(job)
    assert caught.value.filename == str(job.references[1])
    assert [path.name for path in job.references[0].parent.iterdir()] == [job.references[0].name]
    assert made(job) == [True, True]
    assert made(job) == [False, False]
