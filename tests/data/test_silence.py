"""Silence in recordings, as the data stages report it."""

from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.data.audio import write_samples
from espnet_kd.data.rows import check_row_audio
from espnet_kd.data.silence import Scan, scan_samples
from espnet_kd.errors import UserError

NOISE = np.random.default_rng(0).integers(1, 900, 40000).astype(np.int16)


def rows(path, samples, reference=NOISE):
    """Write a recording and its reference, and return the rows of their set."""
    write_samples(path, samples)
    write_samples(path.with_name("clean.wav"), reference)
    values = {
        "wav.scp": str(path),
        "spk1.scp": str(path.with_name("clean.wav")),
        "utt2num_samples": str(len(samples)),
    }
    return [("u1", values)]


def dropout(begin, length, value=0):
    samples = NOISE.copy()
    samples[begin : begin + length] = value
    return samples


@pytest.mark.parametrize("begin", [0, 100, 40000 - 17000])
def test_the_longest_stretch_of_equal_samples(tmp_path, begin):
    write_samples(tmp_path / "a.wav", dropout(begin, 17000, value=-5))
    assert scan_samples(tmp_path / "a.wav") == Scan(40000, begin, 17000)


@pytest.mark.brings(
    "audio", "a recording with a second of silence, with --check_audio", "a warning that names it"
)
def test_long_silence_is_reported(tmp_path, capsys):
    check_row_audio("data/x", rows(tmp_path / "a.wav", dropout(8000, 16000)), 1, samples=True)
    assert capsys.readouterr().err == (
        "warning: x: 1 recordings are silent for 1 s or longer; the longest silence is from 0.5 to "
        f"1.5 s of {tmp_path}/a.wav\n"
    )


def test_shorter_silence_and_pauses_of_clean_speech_are_not_reported(tmp_path, capsys):
    short, long = dropout(8000, 15999), dropout(8000, 16000)
    check_row_audio("data/x", rows(tmp_path / "a.wav", short, long), 1, samples=True)
    assert capsys.readouterr().err == ""


def test_a_silent_recording_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"a\.wav: all 40000 samples are zero"):
        check_row_audio("data/x", rows(tmp_path / "a.wav", 0 * NOISE), 1, samples=True)


@pytest.mark.brings("audio", "a recording with the same value everywhere", "refused like silence")
@pytest.mark.parametrize("length", [1, 40000])
def test_a_constant_recording_is_an_error(tmp_path, length):
    with pytest.raises(UserError, match=rf"a\.wav: all {length} samples are -7, so it is silent"):
        write_samples(tmp_path / "a.wav", 0 * NOISE[:length] - 7)
        scan_samples(tmp_path / "a.wav")
