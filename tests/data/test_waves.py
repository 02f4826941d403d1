"""Reading and writing waveforms, and their levels."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soundfile

from espnet_kd.data.audio import write_samples
from espnet_kd.data.waves import level_dbfs, read_wave, write_wave
from espnet_kd.errors import UserError


def test_reading_and_writing_is_bit_exact(tmp_path):
    samples = np.array([-32768, -1, 0, 1, 257, 32767], dtype=np.int16)
    write_samples(tmp_path / "a.wav", samples)
    assert write_wave(tmp_path / "b.wav", read_wave(tmp_path / "a.wav", 6)) == 0
    assert soundfile.read(tmp_path / "b.wav", dtype="int16")[0].tolist() == samples.tolist()


def test_clipped_samples_are_counted(tmp_path):
    assert write_wave(tmp_path / "a.wav", np.array([1.5, -1.5, -1.0, 0.3])) == 2
    samples = soundfile.read(tmp_path / "a.wav", dtype="int16")[0]
    assert samples.tolist() == [32767, -32768, -32768, 9830]


def test_a_length_other_than_expected_is_rejected(tmp_path):
    write_samples(tmp_path / "a.wav", np.ones(5, dtype=np.int16))
    with pytest.raises(UserError, match=r"a\.wav: has 5 samples, but utt2num_samples says 6"):
        read_wave(tmp_path / "a.wav", 6)


def test_levels():
    assert level_dbfs(np.full(10, 0.1)) == pytest.approx(-20)
    assert level_dbfs(np.zeros(10)) == -math.inf
