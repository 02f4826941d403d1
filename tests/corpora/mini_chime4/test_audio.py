import errno
import wave

import numpy as np
import pytest

from espnet_kd.corpora.mini_chime4.audio import (
    read_channels,
    samples_of,
    to_int16,
    write_channels,
)


def test_written_samples_are_read_back(tmp_path):
    samples = np.random.default_rng(0).integers(-32768, 32768, (3, 500)).astype(np.int16)
    write_channels(tmp_path / "new" / "a_b", samples, first=4)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        f"a_b.CH{k}.wav" for k in (4, 5, 6)
    ]
    back = read_channels(tmp_path / "new" / "a_b", range(4, 7), 100, 300)
    np.testing.assert_array_equal(back, samples[:, 100:300])


def test_rounding_and_overflow():
    assert to_int16(np.array([0.6, -0.4, 32767.0]) / 32768).tolist() == [1, 0, 32767]
    with pytest.raises(ValueError, match="peak 1.10"):
        to_int16(np.array([1.1]))


def test_times_convert_to_a_range_of_samples():
    assert samples_of(12345 / 16000, 99999 / 16000) == slice(12345, 99999)


def test_a_full_disk_is_reported(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(wave.Wave_write, "writeframes", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_channels(tmp_path / "a", np.zeros((2, 10), np.int16), first=1)
    assert caught.value.filename == str(tmp_path / "a.CH1.wav")
