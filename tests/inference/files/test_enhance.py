"""Enhancing one file: rate, length, channels and level stay; memory does not grow."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from espnet_kd.distill.gain import match_gain
from espnet_kd.errors import UserError
from espnet_kd.inference.files.enhance import enhance_file
from espnet_kd.inference.files.formats import Recording
from espnet_kd.inference.observation import ONLY_ENHANCED, ObservationWeight, add_observation

from .backends import Average, Same


def tones(rate: int, seconds: float = 1.3, channels: int = 1) -> np.ndarray:
    """Return (N, C): a tone below 4 kHz per channel, of another level in each."""
    time = np.arange(int(rate * seconds)) / rate
    waves = [0.3 / (k + 1) * np.sin(2 * np.pi * (300 + 200 * k) * time) for k in range(channels)]
    return np.stack(waves, axis=1)


def enhance(path: Path, out: Path, backend, weight: str = "1", **options) -> np.ndarray:
    """Enhance a file and return the samples (N, C) of the output."""
    enhance_file(Recording.open(path), out, backend, ObservationWeight.parse(weight), **options)
    return soundfile.read(out, always_2d=True)[0]


@pytest.mark.brings("audio", "8 to 192 kHz, 1 to 3 channels", "the output keeps rate and channels")
@pytest.mark.parametrize(
    ("rate", "channels", "subtype"),
    [
        (8000, 1, "PCM_16"),
        (16000, 2, "PCM_24"),
        (44100, 2, "FLOAT"),
        (48000, 3, "PCM_16"),
        (192_000, 1, "PCM_32"),
        (16001, 1, "FLOAT"),
    ],
)
def test_rate_length_channels_level_and_sample_format_stay(tmp_path, rate, channels, subtype):
    samples = tones(rate, channels=channels)
    soundfile.write(tmp_path / "in.wav", samples, rate, subtype=subtype)
    found = enhance(tmp_path / "in.wav", tmp_path / "new/out.wav", Same(-0.2))
    info = soundfile.info(tmp_path / "new/out.wav")
    assert (info.samplerate, info.channels, info.subtype) == (rate, channels, subtype)
    assert found.shape == samples.shape
    inner = slice(rate // 20, -rate // 20)  # filters see zeros beyond the ends
    np.testing.assert_allclose(found[inner], samples[inner], atol=2e-3)


@pytest.mark.brings("audio", "flac, ogg and mp3 to enhance", "the output has the same length")
@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_other_formats(tmp_path, suffix):
    samples = tones(44100, channels=2)
    soundfile.write(tmp_path / f"in{suffix}", samples, 44100)
    given = soundfile.read(tmp_path / f"in{suffix}")[0]
    found = enhance(tmp_path / f"in{suffix}", tmp_path / f"out{suffix}", Same())
    assert len(found) == len(given) == len(samples)
    np.testing.assert_allclose(found[3000:-3000], samples[3000:-3000], atol=0.02)


@pytest.mark.parametrize("weight", ["1", "0.3", "0", "snr5", "snr-10"])
@pytest.mark.parametrize("seconds", [10.0, 1.0])
def test_level_and_observation_are_those_of_the_enhancer(tmp_path, weight, seconds):
    """In pieces as well, the gain and the weight are those of the whole recording."""
    mixture = (0.1 * np.random.default_rng(0).standard_normal(40_000)).astype(np.float32)
    mixture[20_000:] *= 3
    soundfile.write(tmp_path / "in.wav", mixture, 16000, subtype="FLOAT")
    backend = Average(context=3)
    found = enhance(tmp_path / "in.wav", tmp_path / "out.wav", backend, weight, seconds=seconds)
    x, lengths = torch.from_numpy(mixture)[None], torch.tensor([len(mixture)])
    expected = match_gain(torch.from_numpy(backend.enhance(mixture))[None], x, lengths)
    expected = add_observation(expected, x, lengths, ObservationWeight.parse(weight))
    np.testing.assert_allclose(found[:, 0], expected[0].numpy(), atol=2e-6)


def test_the_observation_keeps_what_the_model_cannot_hear(tmp_path):
    time = np.arange(48000) / 48000
    high = 0.2 * np.sin(2 * np.pi * 12_000 * time)
    soundfile.write(tmp_path / "in.wav", high, 48000, subtype="FLOAT")
    alone = enhance(tmp_path / "in.wav", tmp_path / "alone.wav", Same())[:, 0]
    added = enhance(tmp_path / "in.wav", tmp_path / "added.wav", Same(), "0.75")[:, 0]
    inner = slice(2000, -2000)
    assert np.abs(alone[inner]).max() < 1e-3
    np.testing.assert_allclose(added[inner], 0.25 * high[inner], atol=1e-3)


def test_a_silent_channel_stays_silent(tmp_path):
    samples = tones(16000, channels=2)
    samples[:, 1] = 0
    soundfile.write(tmp_path / "in.wav", samples, 16000)
    found = enhance(tmp_path / "in.wav", tmp_path / "out.wav", Same(), "snr0")
    assert found[:, 0].any() and not found[:, 1].any()


@pytest.mark.brings("audio", "output beyond full scale", "it is clipped, and a warning counts it")
def test_clipped_samples_are_counted(tmp_path):
    class Doubled(Same):
        def enhance(self, samples):
            return (samples**3).astype(np.float32)  # its peaks are higher at the same level

    samples = 0.95 * np.sin(np.arange(16000) / 5)
    for subtype, clips in (("PCM_16", True), ("FLOAT", False)):
        soundfile.write(tmp_path / "in.wav", samples, 16000, subtype=subtype)
        done = enhance_file(
            Recording.open(tmp_path / "in.wav"), tmp_path / "out.wav", Doubled(), ONLY_ENHANCED
        )
        assert (done.clipped > 0) == clips
        assert (np.abs(soundfile.read(tmp_path / "out.wav")[0]).max() <= 1) == clips


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_16_bit_samples_stay_as_they_are(tmp_path, suffix):
    samples = np.random.default_rng(0).integers(-32768, 32768, (3000, 1), dtype=np.int16)
    soundfile.write(tmp_path / "in.wav", samples, 16000)
    enhance(tmp_path / "in.wav", tmp_path / f"out{suffix}", Same(1.0))
    np.testing.assert_array_equal(
        soundfile.read(tmp_path / f"out{suffix}", dtype="int16", always_2d=True)[0], samples
    )


def test_nothing_is_left_after_an_error(tmp_path):
    samples = tones(16000)
    soundfile.write(tmp_path / "in.wav", samples, 16000)
    (tmp_path / "out.wav").write_text("old")
    with pytest.raises(UserError, match="in.wav: the model's output is not finite"):
        enhance(tmp_path / "in.wav", tmp_path / "out.wav", Same(np.nan))
    assert {path.name for path in tmp_path.iterdir()} == {"in.wav", "out.wav"}
    assert (tmp_path / "out.wav").read_text() == "old"


@pytest.mark.brings("audio", "an hour of audio", "memory as for a minute")
def test_an_hour_takes_no_more_memory_than_a_minute(tmp_path):
    peaks, second = [], tones(8000, 1.0)
    for seconds in (60, 3600):
        with soundfile.SoundFile(tmp_path / "in.flac", "w", 8000, 1) as file:
            for _ in range(seconds):
                file.write(second)
        tracemalloc.start()
        done = enhance_file(
            Recording.open(tmp_path / "in.flac"), tmp_path / "out.flac", Same(), ONLY_ENHANCED
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert done.seconds == seconds
        assert soundfile.info(tmp_path / "out.flac").frames == 8000 * seconds
    assert peaks[1] < 1.5 * peaks[0] < 60e6
