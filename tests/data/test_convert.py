"""Converting audio to the project's format."""

from __future__ import annotations

import os

import numpy as np
import pytest
import soundfile

from espnet_kd.data.audio import num_samples, read_samples
from espnet_kd.data.convert import other_format, write_copy
from espnet_kd.errors import UserError


def write(path, signal, rate=16000, **kind):
    soundfile.write(path, signal, rate, **kind)
    return path


def noise(length=1600, *shape):
    return 0.1 * np.random.default_rng(0).standard_normal((length, *shape))


@pytest.mark.parametrize(
    ("name", "rate", "subtype", "found"),
    [
        ("a.wav", 16000, "PCM_16", ""),
        ("a.flac", 16000, "PCM_16", ""),
        ("a.wav", 48000, "PCM_16", "48000 Hz"),
        ("a.wav", 16000, "FLOAT", "WAV FLOAT"),
        ("a.flac", 8000, "PCM_24", "8000 Hz, FLAC PCM_24"),
        ("a.ogg", 16000, "VORBIS", "OGG VORBIS"),
    ],
)
def test_other_formats_are_named(tmp_path, name, rate, subtype, found):
    path = write(tmp_path / name, noise(), rate, subtype=subtype)
    assert other_format(path) == found
    if not found:
        assert num_samples(path) == 1600, "audio that needs no copy is read as it is"


@pytest.mark.parametrize(("rate", "subtype"), [(16000, "PCM_16"), (48000, "FLOAT")])
def test_a_truncated_wav_is_rejected_in_any_format(tmp_path, rate, subtype):
    path = write(tmp_path / "a.wav", noise(), rate, subtype=subtype)
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    lost = 200 // (2 if subtype == "PCM_16" else 4)
    with pytest.raises(UserError, match=rf"a\.wav: is truncated: {1600 - lost} of 1600 samples"):
        other_format(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "audio file is missing"),
        (lambda path: path.write_text("words"), "is not an audio file"),
        (lambda path: path.touch(), "audio file is empty"),
        (lambda path: path.mkdir(), r"cannot be read \(Is a directory\)"),
        (lambda path: write(path, noise(0)), "contains 0 samples"),
        (lambda path: write(path, noise(1600, 2)), "has 2 channels, not 1; write the channel to"),
    ],
)
def test_unreadable_files_are_rejected(tmp_path, make, message):
    make(tmp_path / "a.wav")
    with pytest.raises(UserError, match=rf"a\.wav: {message}"):
        other_format(tmp_path / "a.wav")


def test_16_bit_samples_of_another_format_are_copied_exactly(tmp_path):
    samples = np.array([-32768, -1, 0, 1, 32767] * 20, dtype=np.int16)
    path = write(tmp_path / "a.aiff", samples, subtype="PCM_16")
    assert write_copy(path, tmp_path / "copies/a.wav") == 0
    np.testing.assert_array_equal(read_samples(tmp_path / "copies/a.wav"), samples)


@pytest.mark.parametrize(("rate", "length"), [(48000, 800), (8000, 4800), (44100, 871)])
def test_a_tone_keeps_its_frequency_level_and_time(tmp_path, rate, length):
    """2400 samples of a 1-kHz tone become ceil(2400 * 16000 / rate) samples, in phase."""
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(2400) / rate)
    path = write(tmp_path / "a.wav", tone, rate, subtype="FLOAT")
    assert write_copy(path, tmp_path / "b.wav") == 0
    found = read_samples(tmp_path / "b.wav") / 32768
    assert len(found) == length
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(length) / 16000)
    middle = slice(200, -200)
    np.testing.assert_allclose(found[middle], expected[middle], atol=2e-3)


def test_samples_that_are_not_finite_are_rejected_and_not_written(tmp_path):
    signal = noise()
    signal[7] = np.nan
    source = write(tmp_path / "a.wav", signal, subtype="FLOAT")
    with pytest.raises(UserError, match=r"a\.wav: contains samples that are not finite"):
        write_copy(source, tmp_path / "copy.wav")
    assert not (tmp_path / "copy.wav").exists()


def test_samples_that_cannot_be_decoded_are_an_error(tmp_path):
    source = write(tmp_path / "a.flac", noise(16000), 48000)
    whole = source.read_bytes()
    source.write_bytes(whole[:9000] + bytes(300) + whole[9300:])
    with pytest.raises(UserError, match=r"a\.flac: cannot be decoded \("):
        write_copy(source, tmp_path / "copy.wav")


def test_clipped_samples_are_counted(tmp_path):
    path = write(tmp_path / "a.wav", np.array([0.5, 1.5, -1.0, -1.1, 0.0]), subtype="FLOAT")
    assert write_copy(path, tmp_path / "b.wav") == 2
    assert read_samples(tmp_path / "b.wav").tolist() == [16384, 32767, -32768, -32768, 0]


@pytest.mark.brings(
    "again", "a source replaced by an older file, with --resample", "it is copied again"
)
@pytest.mark.parametrize("later", [1, 0, -(10**12)])
def test_a_copy_is_kept_unless_its_source_is_another(tmp_path, later):
    path = write(tmp_path / "a.wav", np.full(100, 0.25), subtype="FLOAT")
    copy = tmp_path / "b.wav"
    made = path.stat().st_mtime_ns
    write_copy(path, copy)
    written = copy.stat().st_mtime_ns
    write_copy(path, copy)
    assert copy.stat().st_mtime_ns == written
    write(path, np.full(100, 0.5), subtype="FLOAT")
    os.utime(path, ns=(made + later, made + later))
    write_copy(path, copy)
    assert read_samples(copy)[0] == 16384
