from __future__ import annotations

import errno
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_kd.corpora import subtraction
from espnet_kd.corpora.subtraction import Job, choose_offset, make_references

NAME = "011_011C0201_CAF"  # starts at sample 1003, lasts 8160


@pytest.fixture
def job(chime4, tmp_path) -> Job:
    channels = (1, 5)
    return Job(
        name=NAME,
        original=chime4.isolated("tr05_org", "011_011C0201_ORG"),
        noisy=tuple(chime4.isolated("tr05_caf_simu", f"{NAME}.CH{c}") for c in channels),
        background=tuple(chime4.background("CAF", c) for c in channels),
        references=tuple(tmp_path / f"references/{NAME}.CH{c}.wav" for c in channels),
        start=1003,
        stop=1003 + 8160,
    )


def read(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="int16")[0].astype(int)


def damage(path: Path, change) -> None:
    samples = change(read(path))
    soundfile.write(path, samples.astype(np.int16), 16000, subtype="PCM_16")


def test_the_reference_is_the_speech_that_was_added(job):
    outcome = make_references(job)
    assert (outcome.made, outcome.offset, outcome.clipped, outcome.problem) == (True, 0, 0, None)
    original = read(job.original)
    for channel, path in zip((1, 5), job.references, strict=True):
        assert np.array_equal(read(path), np.roll(original, channel) * 3 // 4)


@pytest.mark.parametrize("shift", [-1, 1])
def test_an_annotation_off_by_one_sample_is_found(job, shift):
    exact = make_references(job)
    expected = [read(path) for path in job.references]
    for path in job.references:
        path.unlink()
    outcome = make_references(replace(job, start=job.start - shift, stop=job.stop - shift))
    assert (exact.offset, outcome.offset) == (0, shift)
    for path, samples in zip(job.references, expected, strict=True):
        assert np.array_equal(read(path), samples)


@pytest.mark.parametrize("seed", range(5))
def test_the_offset_stays_zero_unless_another_is_clearly_better(seed):
    rng = np.random.default_rng(seed)
    noisy = rng.integers(-900, 900, (1, 4000))
    assert choose_offset(noisy, rng.integers(-99, 99, (1, 4002))) == 0


def test_a_wrong_segment_is_refused_and_nothing_written(job):
    outcome = make_references(replace(job, start=job.start + 400, stop=job.stop + 400))
    assert "holds its background segment with weight" in outcome.problem
    assert f"{NAME}.CH1.wav" in outcome.problem
    assert not any(path.exists() for path in job.references)


def test_noise_left_in_the_leading_silence_is_refused(job):
    rng = np.random.default_rng(1)

    def loud_lead(samples):
        samples[:1600] += rng.integers(-800, 800, 1600)
        return samples

    damage(job.noisy[1], loud_lead)
    problem = make_references(job).problem
    assert f"{NAME}.CH5.wav less its background has an RMS of" in problem


def test_speech_of_another_sentence_is_refused(job):
    rng = np.random.default_rng(2)

    def other(samples):
        quiet = samples[:1600]
        return np.concatenate([quiet, rng.integers(-900, 900, len(samples) - 1600)])

    damage(job.original, other)
    assert "correlates 0.0" in make_references(job).problem


def test_clipped_samples_are_counted(job):
    damage(job.noisy[0], lambda samples: np.where(np.arange(len(samples)) == 4000, 32767, samples))
    assert make_references(job).clipped == 1


@pytest.mark.parametrize(
    ("start", "stop", "problem"),
    [
        (1003, 9100, "CH1.wav: has 8160 samples, .* the annotated background 8097"),
        (47000, 55160, "CAF.CH1.wav: background ends at 48000, 47000 to 55160 are annotated"),
    ],
)
def test_annotations_that_do_not_fit_the_audio(job, start, stop, problem):
    assert re.search(problem, make_references(replace(job, start=start, stop=stop)).problem)


def test_a_segment_may_touch_both_ends_of_its_background(job):
    noise = [read(path)[1003 : 1003 + 8160] for path in job.background]
    for path, samples in zip(job.background, noise, strict=True):
        damage(path, lambda _, samples=samples: samples)
    outcome = make_references(replace(job, start=0, stop=8160))
    assert (outcome.problem, outcome.offset) == (None, 0)


def test_finished_references_are_left_alone_and_stale_ones_made_anew(job):
    make_references(job)
    assert make_references(job).made is False
    stamp = os.stat(job.references[0]).st_mtime
    os.utime(job.noisy[0], (stamp + 10, stamp + 10))
    assert make_references(job).made is True


def test_a_full_disk_leaves_nothing_half_written_and_a_rerun_completes(job, monkeypatch):
    write = subtraction.write_samples

    def full(path, samples):
        if path == job.references[1]:
            with monkeypatch.context() as patch:
                patch.setattr("wave.Wave_write.writeframes", no_space)
                write(path, samples)
        write(path, samples)

    def no_space(self, data):
        self._file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(subtraction, "write_samples", full)
        with pytest.raises(OSError) as caught:
            make_references(job)
    assert caught.value.filename == str(job.references[1])
    assert [path.name for path in job.references[0].parent.iterdir()] == [job.references[0].name]
    assert make_references(job).made is True
    assert make_references(job).made is False
