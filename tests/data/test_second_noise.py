"""Mixing in a second noise at the signal-to-noise ratio of the first."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from espnet_kd.data.second_noise import NoiseMixer, read_stretch
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_columns

LENGTH = 4000


def ramp(length):
    """Return a recording in which the value of a sample is its position."""
    return np.arange(1, length + 1) / 32768


@pytest.fixture
def backgrounds(tmp_path):
    """Return a function that writes recordings and a list of them."""

    def write(*recordings, rate=16000):
        paths = {f"n{i}": tmp_path / f"n{i}.wav" for i in range(len(recordings))}
        for path, samples in zip(paths.values(), recordings, strict=True):
            soundfile.write(path, samples, rate, subtype="PCM_16")
        write_columns(tmp_path / "noise.scp", paths)
        return tmp_path / "noise.scp"

    return write


@pytest.fixture
def speech():
    rng = np.random.default_rng(0)
    reference = rng.standard_normal(LENGTH).astype(np.float32)
    return reference + 0.3 * rng.standard_normal(LENGTH).astype(np.float32), reference


@pytest.fixture
def noises(backgrounds):
    rng = np.random.default_rng(1)
    return backgrounds(*(0.01 * rng.standard_normal(5 * LENGTH) for _ in range(2)))


class Drawn(list):
    """A list that returns its items in the order of `places`, whatever index is requested."""

    def __init__(self, items, places):
        super().__init__(items)
        self.places = places

    def __getitem__(self, _):
        return super().__getitem__(self.places.pop(0))


def snr(mixture, reference):
    noise = mixture.astype(np.float64) - reference
    return 10 * np.log10(np.square(reference, dtype=np.float64).sum() / np.square(noise).sum())


def test_the_ratio_is_kept_and_the_noise_is_different(noises, speech):
    mixture, reference = speech
    second = NoiseMixer(noises)("a", mixture, reference)
    assert second.shape == mixture.shape and second.dtype == mixture.dtype
    assert snr(second, reference) == pytest.approx(snr(mixture, reference), abs=1e-3)
    correlation = np.corrcoef(second - reference, mixture - reference)[0, 1]
    assert abs(correlation) < 0.1


def test_noise_is_a_scaled_segment_of_a_recording(backgrounds, speech):
    mixture, reference = speech
    found = NoiseMixer(backgrounds(ramp(9000)))("a", mixture, reference) - reference
    steps = np.diff(found)
    np.testing.assert_allclose(steps, steps.mean(), rtol=2e-2)
    start = found[0] / steps.mean()
    assert 1 <= round(start) <= 9000 - LENGTH + 1


def test_numpys_global_generator_draws(noises, speech):
    mixer = NoiseMixer(noises)
    np.random.seed(5)
    first, second = mixer("a", *speech), mixer("a", *speech)
    np.random.seed(5)
    np.testing.assert_array_equal(mixer("a", *speech), first)
    assert not np.array_equal(first, second)


def test_fixed_noise_depends_only_on_the_utterance(noises, speech):
    np.random.seed(7)
    expected = np.random.random()
    np.random.seed(7)
    mixer = NoiseMixer(noises, fixed=True)
    first, other = mixer("a", *speech), mixer("b", *speech)
    assert np.random.random() == expected, "the global generator is not used"
    np.testing.assert_array_equal(NoiseMixer(noises, fixed=True)("a", *speech), first)
    assert not np.array_equal(first, other)


def test_all_recordings_are_drawn(backgrounds, speech):
    mixer = NoiseMixer(backgrounds(ramp(9000), -ramp(5000)))
    signs = {np.sign((mixer("a", *speech) - speech[1]).mean()) for _ in range(30)}
    assert signs == {-1.0, 1.0}


def test_segments_start_anywhere_in_a_recording(backgrounds, tmp_path):
    backgrounds(ramp(12))
    generator = np.random.default_rng(0)
    found = [read_stretch(tmp_path / "n0.wav", 10, generator) * 32768 for _ in range(50)]
    assert all(np.array_equal(np.diff(segment), np.ones(9)) for segment in found)
    assert {segment[0] for segment in found} == {1, 2, 3}


@pytest.mark.parametrize("length", [5, 6, 11])
def test_a_short_recording_is_repeated(backgrounds, tmp_path, length):
    backgrounds(ramp(5))
    generator = np.random.default_rng(0)
    found = [read_stretch(tmp_path / "n0.wav", length, generator) * 32768 for _ in range(40)]
    assert {len(segment) for segment in found} == {length}
    assert all(set(np.diff(segment)) <= {1, -4} for segment in found)
    assert {segment[0] for segment in found} == {1, 2, 3, 4, 5}


def test_only_the_segment_is_read(noises, speech, monkeypatch):
    read, lengths = soundfile.SoundFile.read, []

    def spy(file, frames, **options):
        lengths.append(frames)
        return read(file, frames, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", spy)
    NoiseMixer(noises)("a", *speech)
    assert lengths == [LENGTH]


def test_a_mixture_without_noise_is_unchanged(noises, speech):
    reference = speech[1]
    np.testing.assert_array_equal(NoiseMixer(noises)("a", reference, reference), reference)


def test_silence_is_drawn_again(backgrounds, speech, monkeypatch):
    mixer = NoiseMixer(backgrounds(np.zeros(9000), ramp(9000)))
    places = [0, 0, 1]
    monkeypatch.setattr(mixer, "paths", Drawn(mixer.paths, places))
    assert snr(mixer("a", *speech), speech[1]) == pytest.approx(snr(*speech))
    assert places == []


def test_only_silent_recordings_are_an_error(backgrounds, speech):
    scp = backgrounds(np.zeros(9000))
    with pytest.raises(UserError) as error:
        NoiseMixer(scp)("a", *speech)
    assert str(error.value) == (
        f"{scp.parent}/n0.wav: 10 random segments in a row are silent, the last one in this file; "
        f"remove silent recordings from {scp}"
    )


def test_an_empty_or_missing_list_is_an_error(backgrounds, tmp_path):
    with pytest.raises(UserError, match="nowhere.scp: does not exist"):
        NoiseMixer(tmp_path / "nowhere.scp")
    with pytest.raises(UserError, match="noise.scp: is empty; list background recordings"):
        NoiseMixer(backgrounds())


def test_a_missing_recording_or_another_sampling_rate_is_an_error(backgrounds, speech, tmp_path):
    mixer = NoiseMixer(backgrounds(ramp(9000), rate=8000))
    with pytest.raises(UserError, match="n0.wav: sampling rate is 8000 Hz"):
        mixer("a", *speech)
    (tmp_path / "n0.wav").unlink()
    with pytest.raises(UserError, match="n0.wav: audio file is missing"):
        mixer("a", *speech)
