"""The speed of a trained model, in processes of its own."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.fileio import read_columns, write_columns, write_lines
from espnet_kd.report import model_speed
from espnet_kd.report.model_speed import TrainedModel, measure, speeds

from ..tiny_models import STUDENT, write_enhancement_model


@pytest.fixture
def set_of(make_se_set):
    """Return a function that writes a set of utterances of 0.8 s."""

    def write(utterances: int) -> str:
        directory = make_se_set(utterances=utterances)
        names = read_columns(directory / "wav.scp")
        write_columns(directory / "utt2spk", dict.fromkeys(names, "F01"))
        write_lines(directory / "spk2utt", [" ".join(["F01", *sorted(names)])])
        write_columns(directory / "utt2category", dict.fromkeys(names, "SIMU"))
        return str(directory)

    return write


def test_a_model_is_measured_in_each_process(tmp_path, set_of):
    config, checkpoint = write_enhancement_model(tmp_path / "exp", STUDENT)
    models = [TrainedModel("student", str(config), str(checkpoint))]
    (speed,) = speeds(models, set_of(3), processes=2)
    assert len(speed.factors) == 6 and len(set(speed.factors)) == 6
    assert all(0 < factor < 10 for factor in speed.factors)
    assert speeds([], "nowhere") == []


def test_utterances_come_from_all_of_the_set(tmp_path, set_of, monkeypatch):
    config, checkpoint = write_enhancement_model(tmp_path / "exp", STUDENT)
    seen = []
    monkeypatch.setattr(torch, "set_num_threads", seen.append)
    monkeypatch.setattr(
        model_speed, "real_time_factors", lambda runs, _: [seconds for _, seconds in runs]
    )
    monkeypatch.setattr(model_speed, "UTTERANCES", 2)
    models = [TrainedModel("student", str(config), str(checkpoint))]
    assert measure(models, set_of(7)) == [[0.8, 0.8]]
    assert seen == [1]
