"""FLAC files with a note on how they were made."""

import errno

import numpy as np
import pytest
import soundfile

from espnet_kd.data.audio import num_samples
from espnet_kd.data.noted_audio import read_note, write_noted
from espnet_kd.errors import UserError

RNG = np.random.default_rng(0)
SAMPLES = np.concatenate([[-32768, 32767], RNG.integers(-900, 900, 4001)]).astype(np.int16)
NOTE = {"settings": "a b", "values": {"x": -3.25, "unknown": None}}


def test_samples_and_note_are_read_back_exactly(tmp_path):
    path = tmp_path / "new/a.flac"
    write_noted(path, SAMPLES, NOTE)
    assert read_note(path) == (NOTE, 4003)
    assert num_samples(path) == 4003
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == 16000 and samples.tolist() == SAMPLES.tolist()
    assert soundfile.info(path).subtype == "PCM_16"


def test_flac_is_smaller_than_wav(tmp_path):
    quiet = RNG.integers(-20, 20, 16000).astype(np.int16)
    write_noted(tmp_path / "a.flac", quiet, {})
    assert (tmp_path / "a.flac").stat().st_size < 0.5 * 32000


@pytest.mark.parametrize("content", [b"", b"no audio", None])
def test_files_from_other_programs_are_rejected(tmp_path, content):
    path = tmp_path / "a.flac"
    if content is None:
        soundfile.write(path, SAMPLES, 16000, subtype="PCM_16")
    else:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{path}: has no note from espnet_kd"):
        read_note(path)


def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.flac"
    write_noted(path, SAMPLES, NOTE)

    def full(self, data):
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError) as caught:
        write_noted(path, SAMPLES[:9], {})
    assert caught.value.filename == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.flac"] and read_note(path) == (NOTE, 4003)
