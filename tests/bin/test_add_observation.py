"""Observation adding to speech that another program has enhanced."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from espnet_kd.bin.add_observation import main
from espnet_kd.data.audio import write_samples
from espnet_kd.fileio import read_columns, write_columns


@pytest.fixture
def files(tmp_path):
    """A mixture, and a float estimate of its speech at another level and with the wrong sign."""
    rng = np.random.default_rng(0)
    speech, noise = rng.normal(0, 2000, (2, 8000))
    noise -= speech * (noise @ speech) / (speech @ speech)
    write_samples(tmp_path / "noisy.wav", (speech + noise).astype(np.int16))
    soundfile.write(tmp_path / "enhanced.wav", -1e-5 * speech, 16000, subtype="FLOAT")
    write_columns(tmp_path / "noisy.scp", {"u1": tmp_path / "noisy.wav", "u2": "x.wav"})
    write_columns(tmp_path / "enhanced.scp", {"u1": tmp_path / "enhanced.wav"})
    return speech, noise


def run(tmp_path, weight="0.75"):
    lists = [f"--{name}={tmp_path / name}.scp" for name in ("noisy", "enhanced")]
    main([*lists, f"--out={tmp_path / 'out'}", f"--observation_weight={weight}"])
    return soundfile.read(read_columns(tmp_path / "out" / "wav.scp")["u1"])[0] * 32768


def test_a_quarter_of_the_noise_is_left(files, tmp_path):
    speech, noise = files
    np.testing.assert_allclose(run(tmp_path), speech + 0.25 * noise, atol=2)


def stopped(tmp_path, **options) -> str:
    with pytest.raises(SystemExit) as stop:
        run(tmp_path, **options)
    assert not (tmp_path / "out" / "wav.scp").exists()
    return str(stop.value)


def test_bad_input_is_one_line(files, tmp_path):
    assert "--observation_weight: is 2; give" in stopped(tmp_path, weight="2")
    soundfile.write(tmp_path / "enhanced.wav", np.zeros(7999), 16000)
    assert "enhanced.wav: has 7999 samples, but" in stopped(tmp_path)
    write_columns(tmp_path / "enhanced.scp", {"u3": "x"})
    assert "noisy.scp: lacks 'u3'; give the list that was enhanced" in stopped(tmp_path)


def test_several_sets_in_two_processes(files, tmp_path):
    """The same samples as one set at a time."""
    lists = f"{tmp_path / 'enhanced'}.scp:{tmp_path / 'noisy'}.scp"
    jobs = [f"--job={lists}:{tmp_path / weight}:{weight}" for weight in ("0.75", "snr3")]
    main([*jobs, "--nj=2"])
    for weight in ("0.75", "snr3"):
        alone = run(tmp_path, weight)
        together = soundfile.read(read_columns(tmp_path / weight / "wav.scp")["u1"])[0] * 32768
        np.testing.assert_array_equal(together, alone)
        assert read_columns(tmp_path / weight / "utt2num_samples") == {"u1": "8000"}


def test_options_of_one_set_are_needed_without_jobs(capsys):
    with pytest.raises(SystemExit):
        main(["--noisy=x.scp"])
    assert "give --enhanced, --noisy and --out, or --job" in capsys.readouterr().err
