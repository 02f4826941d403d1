"""Reading and writing audio, and the errors for bad files."""

from __future__ import annotations

import errno

import numpy as np
import pytest
import soundfile

from espnet_kd.data import audio, header
from espnet_kd.errors import UserError

NOISE = np.random.default_rng(0).integers(-900, 900, 1600).astype(np.int16)


def write_bad(path, kind):
    """Write a bad recording of the given kind."""
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "no samples":
        soundfile.write(path, NOISE[:0], 16000)
    elif kind == "truncated":
        soundfile.write(path, NOISE, 16000)
        path.write_bytes(path.read_bytes()[:-1000])
    elif kind == "cut header":
        soundfile.write(path, NOISE, 16000)
        path.write_bytes(path.read_bytes()[:20])
    elif kind == "8 kHz":
        soundfile.write(path, NOISE, 8000)
    elif kind == "stereo":
        soundfile.write(path, np.stack([NOISE, NOISE], 1), 16000)
    elif kind == "24 bits":
        soundfile.write(path, NOISE, 16000, subtype="PCM_24")
    elif kind == "float with NaN":
        soundfile.write(path, np.full(1600, np.nan, np.float32), 16000, subtype="FLOAT")
    elif kind == "text":
        path.write_text("no audio at all, just words")
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to itself":
        path.symlink_to(path)


BAD = {
    "missing": "audio file is missing",
    "empty": r"audio file is empty \(0 bytes\)",
    "no samples": "contains 0 samples",
    "truncated": "is truncated: 1100 of 1600 samples",
    "cut header": r"is not a wav file \(truncated header\)",
    "8 kHz": "sampling rate is 8000 Hz, not 16000",
    "stereo": "has 2 channels, not 1",
    "24 bits": "holds WAV PCM_24 samples, not 16-bit PCM in wav or flac",
    "float with NaN": "holds WAV FLOAT samples, not 16-bit PCM in wav or flac",
    "text": "is not an audio file",
    "folder": r"cannot be read \(Is a directory\)",
    "link to itself": r"cannot be read \(Too many levels of symbolic links\)",
}


@pytest.mark.parametrize(("kind", "problem"), BAD.items())
def test_errors_name_the_bad_file_and_the_problem(tmp_path, kind, problem):
    path = tmp_path / "a.wav"
    write_bad(path, kind)
    with pytest.raises(UserError, match=f"^{path}: {problem}.*; ") as caught:
        audio.num_samples(path)
    assert "\n" not in str(caught.value)


def test_a_file_without_read_permission(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    soundfile.write(tmp_path / "a.wav", NOISE, 16000)
    monkeypatch.setattr(header, "open", refuse, raising=False)  # chmod would not stop root
    with pytest.raises(UserError, match=r"a\.wav: cannot be read \(Permission denied\)"):
        audio.num_samples(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("rate", "shape", "subtype", "problem"),
    [
        (8000, (1600,), "PCM_16", "sampling rate is 8000 Hz"),
        (16000, (1600, 2), "PCM_16", "has 2 channels"),
        (16000, (1600,), "PCM_24", "holds FLAC PCM_24 samples"),
    ],
)
def test_bad_flac_files(tmp_path, rate, shape, subtype, problem):
    soundfile.write(tmp_path / "a.flac", np.ones(shape, np.int16), rate, subtype=subtype)
    with pytest.raises(UserError, match=problem):
        audio.num_samples(tmp_path / "a.flac")


def test_a_file_that_is_not_flac(tmp_path):
    (tmp_path / "a.flac").write_bytes(b"RIFF")
    with pytest.raises(UserError, match=r"a\.flac: is not a wav file"):
        audio.num_samples(tmp_path / "a.flac")


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_length_from_the_header(tmp_path, suffix):
    soundfile.write(tmp_path / f"a.{suffix}", NOISE, 16000)
    assert audio.num_samples(tmp_path / f"a.{suffix}") == 1600


@pytest.mark.parametrize("nj", [1, 2])
def test_scans_keep_the_order_and_name_the_bad_file(tmp_path, nj):
    paths = [str(tmp_path / f"{n}.wav") for n in range(1, 1100)]
    for n, path in enumerate(paths, 1):
        audio.write_samples(path, NOISE[:n])
    assert list(audio.scan_lengths(paths, nj)) == list(range(1, 1100))
    (tmp_path / "700.wav").unlink()
    assert list(audio.scan_present(paths, nj))[698:701] == [699, None, 701]
    with pytest.raises(UserError, match=r"/700\.wav: audio file is missing; restore it"):
        list(audio.scan_lengths(paths, nj))


def test_reading_a_range(tmp_path):
    audio.write_samples(tmp_path / "a.wav", NOISE)
    assert np.array_equal(audio.read_samples(tmp_path / "a.wav", 10, 20), NOISE[10:20])
    with pytest.raises(
        UserError, match=r"a\.wav: samples 10 to 1601 are requested, but it has 1600"
    ):
        audio.read_samples(tmp_path / "a.wav", 10, 1601)


def test_silence_is_an_error(tmp_path):
    audio.write_samples(tmp_path / "a.wav", np.zeros(1600, np.int16))
    with pytest.raises(UserError, match=r"a\.wav: all 1600 samples are zero"):
        audio.read_samples(tmp_path / "a.wav")


def test_a_flac_with_damaged_samples_is_detected_when_it_is_read(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.tile(NOISE, 20), 16000)
    whole = (tmp_path / "a.flac").read_bytes()
    middle = slice(len(whole) // 2, len(whole) // 2 + 300)
    (tmp_path / "a.flac").write_bytes(whole[: middle.start] + bytes(300) + whole[middle.stop :])
    assert audio.num_samples(tmp_path / "a.flac") == 32000
    with pytest.raises(UserError, match=r"a\.flac: cannot be decoded \(.*\); restore it"):
        audio.read_samples(tmp_path / "a.flac")


def test_written_samples_are_read_back(tmp_path):
    extremes = np.array([-32768, -1, 0, 1, 32767], np.int16)
    audio.write_samples(tmp_path / "new/a.wav", extremes)
    samples, rate = soundfile.read(tmp_path / "new/a.wav", dtype="int16")
    assert (samples.tolist(), rate) == (extremes.tolist(), 16000)


def test_a_full_disk_names_the_file_and_keeps_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    audio.write_samples(path, NOISE)

    def no_space(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("wave.Wave_write.writeframes", no_space)
    with pytest.raises(OSError, match="No space left") as caught:
        audio.write_samples(path, NOISE[::-1])
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [path]
    assert np.array_equal(audio.read_samples(path), NOISE)
