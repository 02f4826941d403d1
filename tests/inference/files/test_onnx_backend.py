"""Files enhanced by an ONNX file equal those enhanced by the PyTorch model."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch

from espnet_kd.bin import enhance_files
from espnet_kd.distill.gain import match_gain
from espnet_kd.errors import UserError
from espnet_kd.inference.files.load import load_backend
from espnet_kd.inference.files.onnx_backend import OnnxBackend
from espnet_kd.inference.files.torch_backend import context_of, frames_of


def whole(model: torch.nn.Module, wave: np.ndarray) -> torch.Tensor:
    with torch.no_grad():
        return model.enhance(torch.from_numpy(wave)[None], torch.tensor([len(wave)]))[0]


def test_the_command_needs_no_length_of_pieces(onnx_file, tmp_path):
    soundfile.write(tmp_path / "in.wav", np.full(3000, 0.1), 16000)
    arguments = [str(tmp_path / "in.wav"), str(tmp_path / "out.wav")]
    enhance_files.main([*arguments, "--model", str(onnx_file("tcn")[1])])
    assert soundfile.info(tmp_path / "out.wav").frames == 3000


@pytest.mark.parametrize("name", ["gtcrn", "tcn", "tcn on a spectrum"])
def test_it_computes_what_pytorch_does(onnx_file, name):
    model, path = onnx_file(name)
    backend = load_backend(path)
    assert isinstance(backend, OnnxBackend)
    assert (backend.sample_rate, backend.hop) == (16000, frames_of(model.encoder)[0])
    assert backend.context == (context_of(model) if name == "tcn" else None)
    rng = np.random.default_rng(0)
    for length in (1, 300, 5003):
        wave = rng.standard_normal(length).astype(np.float32)
        filled = np.pad(wave, (0, max(0, frames_of(model.encoder)[1] - length)))
        expected = whole(model, filled)[0, :length].numpy()
        found = backend.enhance(wave)
        assert found.shape == wave.shape and found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_the_command_enhances_a_long_file_in_pieces(onnx_file, tmp_path, capsys):
    """The level is that of the mixture; pieces of a model with a known context equal the whole."""
    model, path = onnx_file("tcn")
    wave = 0.05 * np.random.default_rng(0).standard_normal(40000).astype(np.float32)
    soundfile.write(tmp_path / "in.wav", wave, 16000, subtype="FLOAT")
    arguments = [str(tmp_path / "in.wav"), str(tmp_path / "out.wav"), "--model", str(path)]
    enhance_files.main([*arguments, "--piece_seconds", "1"])
    found, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    mixture = torch.from_numpy(wave)[None]
    expected = match_gain(whole(model, wave), mixture, torch.tensor([len(wave)]))[0].numpy()
    assert rate == 16000
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_a_checkpoint_of_an_onnx_file(onnx_file):
    with pytest.raises(UserError, match="--checkpoint: is given, but .*onnx is a file"):
        load_backend(onnx_file("tcn")[1], "valid.loss.ave.pth")
