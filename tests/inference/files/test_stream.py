"""`espnet-kd enhance --stream`: a file as a live signal equals the model's output on the whole."""

from __future__ import annotations

import re

import numpy as np
import pytest
import soundfile
import torch

from espnet_kd.bin import enhance_files

from ...causal_models import MODELS, build_model
from ...tiny_models import write_enhancement_model

WAVES = (0.05 * np.random.default_rng(0).standard_normal((5003, 2))).astype(np.float32)


@pytest.fixture
def recording(tmp_path) -> str:
    path = tmp_path / "in.wav"
    soundfile.write(path, WAVES, 16000, subtype="FLOAT")
    return str(path)


def offline(model: torch.nn.Module) -> np.ndarray:
    """Return what the model makes of both channels as a whole, at its own level, (N, 2)."""
    waves = torch.from_numpy(WAVES.T.copy())
    with torch.no_grad():
        return model.enhance(waves, torch.tensor([len(WAVES)] * 2))[0].T.numpy()


def stream(recording: str, model: object, *options: str) -> np.ndarray:
    out = recording.replace("in.wav", "out.wav")
    enhance_files.main([recording, out, "--model", str(model), "--stream", *options])
    return soundfile.read(out, dtype="float32")[0]


@pytest.mark.parametrize("name", ["gtcrn", "tcn"])
def test_a_training_directory(recording, name, tmp_path, capsys):
    config, checkpoint = write_enhancement_model(tmp_path / "exp", MODELS[name])
    model = build_model(name)
    torch.save(model.state_dict(), checkpoint)
    found = stream(recording, config.parent)
    assert np.abs(found).max() > 1e-3
    np.testing.assert_allclose(found, offline(model), rtol=0, atol=1e-5)
    shown = capsys.readouterr()
    assert re.search(r"real-time factor \d+\.\d+, latency \d+(\.\d+)? ms\n$", shown.out)
    assert "in.wav: 20 done" in shown.err  # 16 ms at a time


def test_an_onnx_file(recording, onnx_file, capsys):
    model, path = onnx_file("gtcrn")
    found = stream(recording, path)
    np.testing.assert_allclose(found, offline(model), rtol=0, atol=1e-5)
    assert "latency 16 ms" in capsys.readouterr().out


def test_with_observation(recording, onnx_file):
    model, path = onnx_file("gtcrn")
    found = stream(recording, path, "--observation_weight", "0.7")
    np.testing.assert_allclose(found, 0.7 * offline(model) + 0.3 * WAVES, rtol=0, atol=1e-5)


@pytest.mark.brings("training", "`--stream` with a model that sees the future", "a line says why")
def test_a_model_that_cannot_stream(recording, student_files):
    with pytest.raises(SystemExit) as error:
        stream(recording, student_files[0].parent)
    line = error.value.code
    assert re.fullmatch(r"error: \S*config.yaml: \w+ cannot stream: .*`causal: false`.*", line)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ["--observation_weight", "snr5"],
            "--observation_weight: snr5 needs the whole recording, which a stream does not have; "
            "give a number from 0 to 1",
        ),
        (
            ["--piece_seconds", "5"],
            "--piece_seconds: is given with --stream; leave one of them out",
        ),
    ],
)
def test_options_that_need_the_whole(recording, options, line):
    with pytest.raises(SystemExit) as error:
        stream(recording, "none", *options)
    assert error.value.code == f"error: {line}"
