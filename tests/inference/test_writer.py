from __future__ import annotations

import multiprocessing
import os
import signal

import numpy as np
import pytest
import soundfile

from espnet_kd.errors import UserError
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.inference.writer import begin_outputs, enhance_to, wave_path

from .conftest import LENGTHS, Gain


@pytest.mark.parametrize("nj", [1, 2])
def test_every_utterance_is_written_at_its_length_and_scale(make_set, enhancer, tmp_path, nj):
    utterances = read_utterances(make_set())
    outcome = enhance_to(tmp_path / "out", utterances, enhancer, nj)
    assert (outcome.not_finite, outcome.clipped) == ([], {})
    for utt in utterances:
        mixture = soundfile.read(utt.wave)[0]
        enhanced, rate = soundfile.read(wave_path(tmp_path / "out", utt.name))
        assert (rate, len(enhanced)) == (16000, LENGTHS[utt.name])
        np.testing.assert_allclose(enhanced, mixture, atol=0.5 / 32768)


def test_equally_long_utterances_share_a_batch(make_set, gain, enhancer, tmp_path):
    enhance_to(tmp_path / "out", read_utterances(make_set()), enhancer, 1)
    assert gain.calls == [2, 1, 1]


def test_work_done_before_a_kill_is_kept(make_set, tmp_path):
    utterances = read_utterances(make_set())
    out = tmp_path / "out"

    class Killed(Gain):
        def enhance(self, speech_mix, lengths):
            if len(self.calls) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().enhance(speech_mix, lengths)

    process = multiprocessing.get_context("fork").Process(
        target=enhance_to, args=(out, utterances, Enhancer(Killed()), 1)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in (out / "wav").iterdir()}
    assert len(before) == 3
    rest = Gain()
    enhance_to(out, utterances, Enhancer(rest), 1)
    assert rest.calls == [1]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert sorted(path.stem for path in (out / "wav").iterdir()) == sorted(LENGTHS)


def test_clipping_is_counted_and_told(make_set, tmp_path, capsys):
    def clicks(wave):
        wave[:, 100:300:100] = 1.5  # stays beyond full scale at the mixture's scale
        return wave

    utterances = read_utterances(make_set(lengths={"F01_a": 4000}))
    outcome = enhance_to(tmp_path / "out", utterances, Enhancer(Gain(1.0, 4000, clicks)), 1)
    assert outcome.clipped == {"F01_a": 2}
    assert "2 samples clipped in 1 utterances" in capsys.readouterr().err


def test_output_that_is_not_finite_is_not_written(make_set, tmp_path):
    utterances = read_utterances(make_set())
    outcome = enhance_to(tmp_path / "out", utterances, Enhancer(Gain(bad_length=3001)), 1)
    assert outcome.not_finite == ["M02_d_REAL"]
    assert not wave_path(tmp_path / "out", "M02_d_REAL").exists()


def test_outputs_of_other_inputs_are_removed(tmp_path):
    model, out = tmp_path / "model.pth", tmp_path / "out"
    model.write_text("one")
    begin_outputs(out, "model.sha256", [model])
    (out / "wav").mkdir()
    begin_outputs(out, "model.sha256", [model])
    assert (out / "wav").exists()
    model.write_text("two")
    begin_outputs(out, "model.sha256", [model])
    assert [path.name for path in out.iterdir()] == ["model.sha256"]


def test_a_directory_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "wav.scp").write_text("precious")
    with pytest.raises(UserError, match="holds files but no model.sha256"):
        begin_outputs(tmp_path, "model.sha256", [])
    assert (tmp_path / "wav.scp").read_text() == "precious"
