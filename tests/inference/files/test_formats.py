"""Reading audio of any format, and choosing the format of an output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_kd.errors import UserError
from espnet_kd.inference.files.formats import OutputFormat, Recording

NOISE = 0.1 * np.random.default_rng(0).standard_normal((3000, 2))


def write(path: Path, samples: np.ndarray = NOISE, rate: int = 16000, **options) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


@pytest.mark.brings("audio", "an mp3 or flac that is called .wav", "the content tells the format")
@pytest.mark.parametrize("container", ["FLAC", "OGG", "MP3"])
def test_the_content_tells_the_format(tmp_path, container):
    recording = Recording.open(write(tmp_path / "a.wav", format=container))
    assert (recording.format, recording.rate, recording.channels) == (container, 16000, 2)
    samples = np.concatenate(list(recording.blocks(1000)))
    assert samples.dtype == np.float32 and samples.shape == NOISE.shape
    assert np.corrcoef(samples[:, 0], NOISE[:, 0])[0, 1] > (0.999 if container == "FLAC" else 0.1)


@pytest.mark.brings("audio", "a rate below 8 or above 192 kHz", "an error before anything is read")
@pytest.mark.parametrize("rate", [7999, 192_001])
def test_rates_outside_the_range(tmp_path, rate):
    path = write(tmp_path / "a.wav", rate=rate)
    with pytest.raises(UserError, match=f"a.wav: has a sampling rate of {rate} Hz, .*; resample"):
        Recording.open(path)


@pytest.mark.brings("audio", "a file without samples to enhance", "an error names it")
def test_no_samples(tmp_path):
    path = write(tmp_path / "a.wav", NOISE[:0])
    with pytest.raises(UserError, match="a.wav: contains 0 samples; leave it out"):
        list(Recording.open(path).blocks())


@pytest.mark.brings("audio", "NaN or infinity among the samples", "an error says where")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite(tmp_path, value):
    samples = NOISE.copy()
    samples[1234, 1] = value
    path = write(tmp_path / "a.wav", samples, subtype="FLOAT")
    with pytest.raises(UserError, match=r"not finite \(first at 1234\); restore it"):
        list(Recording.open(path).blocks(1000))


def test_files_that_are_not_audio(tmp_path):
    with pytest.raises(UserError, match="none.wav: does not exist; give an audio file"):
        Recording.open(tmp_path / "none.wav")
    for name in ("text.wav", "text.raw"):
        (tmp_path / name).write_text("not audio")
        with pytest.raises(UserError, match=f"{name}: is not an audio file"):
            Recording.open(tmp_path / name)


@pytest.mark.brings("audio", "a truncated flac to enhance", "an error, not a shorter output")
def test_a_truncated_file(tmp_path):
    path = write(tmp_path / "a.flac", np.tile(NOISE, (20, 1)))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="a.flac: (is truncated|cannot be decoded).*restore it"):
        list(Recording.open(path).blocks())


@pytest.mark.brings("audio", "a stream of unknown length to enhance", "all of it is read")
def test_a_flac_that_does_not_say_its_length(tmp_path):
    path = write(tmp_path / "a.flac")
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # the 36 bits of STREAMINFO's number of samples
    data[22:26] = bytes(4)
    path.write_bytes(data)
    assert sum(len(block) for block in Recording.open(path).blocks()) == len(NOISE)


@pytest.mark.parametrize(
    ("source", "out", "subtype"),
    [
        (("a.wav", "PCM_24"), "b.wav", "PCM_24"),
        (("a.wav", "FLOAT"), "b.wav", "FLOAT"),
        (("a.wav", "FLOAT"), "b.flac", "PCM_24"),
        (("a.wav", "PCM_U8"), "b.flac", "PCM_16"),
        (("a.wav", "IMA_ADPCM"), "b.wav", "PCM_16"),  # has blocks of a fixed length
        (("a.flac", "PCM_16"), "b.WAV", "PCM_16"),
        (("a.mp3", "MPEG_LAYER_III"), "b.wav", "PCM_16"),
        (("a.wav", "PCM_16"), "b.ogg", "VORBIS"),
        (("a.ogg", "VORBIS"), "b.mp3", "MPEG_LAYER_III"),
    ],
)
def test_sample_formats(tmp_path, source, out, subtype):
    recording = Recording.open(write(tmp_path / source[0], subtype=source[1]))
    assert OutputFormat.choose(recording, tmp_path / out).subtype == subtype
    assert not (tmp_path / out).exists()


@pytest.mark.brings("audio", "an output that cannot hold the recording", "an error before work")
@pytest.mark.parametrize(
    ("out", "problem"),
    [
        ("b.mp3", "MP3 does not have 2 channels at 96000 Hz; write a .wav file"),
        ("b.txt", "does not end like an audio file; end it in one of .wav, .flac, .ogg, .mp3"),
        ("b", "does not end like an audio file"),
    ],
)
def test_outputs_that_cannot_be(tmp_path, out, problem):
    recording = Recording.open(write(tmp_path / "a.wav", rate=96000))
    with pytest.raises(UserError, match=f"/{out}: {problem}"):
        OutputFormat.choose(recording, tmp_path / out)


def test_a_wav_beyond_4_gb_is_rf64(tmp_path):
    recording = Recording.open(write(tmp_path / "a.wav"))
    chosen = OutputFormat.choose(recording, tmp_path / "b.wav")
    for frames, container in ((1000, "WAV"), (1 << 30, "RF64")):
        path = tmp_path / f"{container}.wav"
        with chosen.writer(str(path), frames) as file:
            assert file.format == container
