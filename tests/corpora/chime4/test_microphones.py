from __future__ import annotations

import math
import os

import numpy as np
import pytest
import soundfile

from espnet_kd.corpora.chime4 import microphones
from espnet_kd.corpora.chime4.microphones import (
    failing_by_correlation,
    failing_by_level,
    level,
    read_correlations,
    stored_levels,
)
from espnet_kd.errors import UserError


@pytest.fixture
def wave(tmp_path):
    """Function that writes a square wave of a given amplitude, and returns its path."""

    def write(name, amplitude, samples=800):
        path = tmp_path / f"{name}.wav"
        square = np.where(np.arange(samples) % 2, amplitude, -amplitude)
        soundfile.write(path, square.astype(np.int16), 16000)
        return path

    return write


def test_a_name_given_twice_gets_the_lower_values(tmp_path):
    path = tmp_path / "mic_error.csv"
    path.write_bytes(b"id,1,2\r\n tr/F02_A_BUS.wav,1,.9,1,1,1,1\r\n\r\nF02_A_BUS,1,1,0.2,1,1,1\r\n")
    assert read_correlations(path) == {"F02_A_BUS": (1, 0.9, 0.2, 1, 1, 1)}


@pytest.mark.parametrize("row", ["F02_022C0204_BUS,0.9,0.9", "F02_022C0204_BUS,1,1,1,1,1,bad"])
def test_a_malformed_table(tmp_path, row):
    (tmp_path / "mic_error.csv").write_text(f"header\n{row}\n")
    with pytest.raises(UserError, match=f"mic_error.csv: line '{row}' does not have six numbers"):
        read_correlations(tmp_path / "mic_error.csv")


def test_a_correlation_of_at_most_point_eight_or_nan_fails():
    assert failing_by_correlation((1.0, 0.81, 0.8, -0.3, math.nan, 0.9)) == {
        3: "0.8 in mic_error.csv",
        4: "-0.3 in mic_error.csv",
        5: "nan in mic_error.csv",
    }


def test_more_than_twenty_decibels_below_the_loudest_fails():
    levels = {1: -30.0, 2: -50.0, 3: -50.1, 4: -math.inf, 5: -41.0}
    assert failing_by_level(levels) == {
        3: "20.1 dB below the loudest channel",
        4: "inf dB below the loudest channel",
    }


def test_equally_loud_channels_do_not_fail():
    assert failing_by_level({2: -80.0}) == {}
    assert failing_by_level({1: -math.inf, 2: -math.inf}) == {}


def test_the_level_of_a_square_wave_follows_from_its_amplitude(wave):
    assert level(wave("half", 16384)) == pytest.approx(-20 * math.log10(2))
    assert level(wave("tenth", 3277)) == pytest.approx(-20, abs=1e-2)
    assert level(wave("none", 0)) == -math.inf


def test_levels_are_measured_once_until_a_file_changes(wave, tmp_path, monkeypatch):
    files = {"u.CH1": wave("one", 16384), "u.CH2": wave("two", 0)}
    store = tmp_path / "local/levels"
    assert stored_levels(files, store, 1, "levels") == {"u.CH1": -6.02, "u.CH2": -math.inf}
    written = store.stat().st_mtime_ns
    with monkeypatch.context() as patch:
        patch.setattr(microphones, "level", lambda _: pytest.fail("measured again"))
        assert stored_levels(files, store, 1, "levels")["u.CH1"] == -6.02
    assert store.stat().st_mtime_ns == written
    os.utime(wave("two", 3277), ns=(0, 0))  # same size, another time
    files["u.CH3"] = wave("three", 16384)
    assert stored_levels(files, store, 1, "levels") == {
        "u.CH1": -6.02, "u.CH2": -20.0, "u.CH3": -6.02
    }  # fmt: skip


def test_entries_of_a_damaged_store_are_measured_again(wave, tmp_path):
    (tmp_path / "levels").write_text("u.CH1\n")
    assert stored_levels({"u.CH1": wave("a", 16384)}, tmp_path / "levels", 1, "t") == {
        "u.CH1": -6.02
    }


def test_a_truncated_recording_is_named(wave, tmp_path):
    path = wave("cut", 900)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"cut\.wav: is truncated: 750 of 800 samples"):
        stored_levels({"u.CH1": path}, tmp_path / "levels", 1, "t")
