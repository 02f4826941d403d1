"""Writing enhanced utterances to files."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from espnet_kd.data import waves
from espnet_kd.data.audio import write_samples
from espnet_kd.errors import UserError
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.outputs import finished, wave_path
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.inference.writer import enhance_all

from .conftest import LENGTHS, Gain

BUDGET = 320000


@pytest.fixture
def utterances(make_set, tmp_path):
    """Return a function that makes a set and returns its utterances with outputs in `out`."""

    def make(**options):
        found = read_utterances(make_set(**options))
        return [replace(utt, output=wave_path(tmp_path / "out", utt.name)) for utt in found]

    return make


@pytest.mark.parametrize("pads", [False, True])
def test_every_utterance_is_written_at_its_length_and_scale(utterances, pads):
    found = utterances()
    enhance_all(found, Enhancer(Gain(padding_invariant=pads)), BUDGET, "work")
    for utt in found:
        mixture = soundfile.read(utt.wave)[0]
        enhanced, rate = soundfile.read(utt.output)
        assert (rate, len(enhanced)) == (16000, LENGTHS[utt.name])
        np.testing.assert_allclose(enhanced, mixture, atol=0.5 / 32768)


@pytest.mark.parametrize(
    ("pads", "shapes"),
    [(False, [(2, 4000), (1, 3001), (1, 2400)]), (True, [(2, 4096), (1, 3072), (1, 2432)])],
)
def test_shapes_of_batches(utterances, pads, shapes):
    model = Gain(padding_invariant=pads)
    enhance_all(utterances(), Enhancer(model), BUDGET, "work")
    assert model.calls == shapes


def test_few_batches_are_in_memory(utterances, monkeypatch):
    """Count the waveforms that are read but not yet written, for 40 in batches of two."""
    lock, alive, most = threading.Lock(), 0, 0
    read_wave, write_wave = waves.read_wave, waves.write_wave

    def count(change):
        nonlocal alive, most
        with lock:
            alive += change
            most = max(most, alive)

    def read(*arguments):
        count(1)
        return read_wave(*arguments)

    def write(*arguments):
        clipped = write_wave(*arguments)
        count(-1)
        return clipped

    monkeypatch.setattr("espnet_kd.inference.enhancer.read_wave", read)
    monkeypatch.setattr("espnet_kd.inference.writer.write_wave", write)
    found = utterances(lengths={f"F01_{i:02d}": 4000 for i in range(40)})
    enhance_all(found, Enhancer(Gain()), 8000, "work")
    assert alive == 0
    assert most <= 2 * (2 + 1 + 2)


def test_bad_audio_is_an_error_and_computed_outputs_are_kept(utterances, tmp_path):
    lengths = {f"F01_{i:02d}": 4000 - 100 * i for i in range(12)}
    found = utterances(lengths=lengths)
    write_samples(found[6].wave, np.zeros(lengths["F01_06"], dtype=np.int16))
    with pytest.raises(UserError, match=r"F01_06\.wav: all 3400 samples are zero"):
        enhance_all(found, Enhancer(Gain()), BUDGET, "work")
    assert set(finished(tmp_path / "out")) == {f"F01_{i:02d}" for i in range(6)}
    assert not list((tmp_path / "out" / "wav").glob(".*"))


def test_clipped_samples_are_counted_and_reported(utterances, capsys):
    def clicks(wave):
        wave[:, 100:300:100] = 1.5  # still exceeds full scale after scaling to the mixture
        return wave

    found = utterances(lengths={"F01_a": 4000})
    enhance_all(found, Enhancer(Gain(1.0, 4000, clicks)), BUDGET, "work")
    assert "work: 2 samples clipped in 1 utterances" in capsys.readouterr().err


def test_output_that_is_not_finite_is_marked(utterances, tmp_path):
    enhance_all(utterances(), Enhancer(Gain(bad_length=3001)), BUDGET, "work")
    done = finished(tmp_path / "out")
    assert done == {name: name != "M02_d_REAL" for name in LENGTHS}
    assert not wave_path(tmp_path / "out", "M02_d_REAL").exists()


def test_progress_is_shown(utterances, capsys):
    enhance_all(utterances(), Enhancer(Gain()), BUDGET, "work")
    assert "work: 4 done (" in capsys.readouterr().err
