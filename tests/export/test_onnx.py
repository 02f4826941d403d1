"""Exporting causal students to ONNX: what is in the file, and that sherpa-onnx runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from espnet_kd import __version__
from espnet_kd.bin import export_onnx as command
from espnet_kd.errors import UserError
from espnet_kd.export import onnx as exporter
from espnet_kd.export.onnx import write_onnx
from espnet_kd.export.onnx_int8 import Difference
from espnet_kd.streaming.onnx_streamer import OnnxStreamer
from espnet_kd.streaming.streamer import Streamer
from espnet_kd.tasks.trained import load_model

from ..causal_models import EXPORTED, MODELS, build_model
from ..tiny_models import STUDENT, write_enhancement_model

TRAINED = {"preprocessor": "enh_kd", "sample_rate": 16000}


def metadata(path: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def shapes(tensors) -> dict[str, tuple[int, ...]]:
    return {x.name: tuple(d.dim_value for d in x.type.tensor_type.shape.dim) for x in tensors}


def test_a_spectrum_model_has_what_sherpa_onnx_asks_for(onnx_file):
    _, path = onnx_file("gtcrn")
    found, graph = metadata(path), onnx.load(path).graph
    expected = {"model_type": "gtcrn", "version": "1", "sample_rate": "16000", "n_fft": "256"}
    expected |= {"hop_length": "128", "window_length": "256", "window_type": "hann_sqrt"}
    assert found.items() >= expected.items()
    caches = ("conv_cache", "tra_cache", "inter_cache")
    sizes = {name: (int(found[f"{name}_shape"]),) for name in caches}
    frame = (1, 129, 1, 2)
    assert shapes(graph.input) == {"mix": frame, **sizes}
    outputs = {f"{name}_out": shape for name, shape in sizes.items()}
    assert shapes(graph.output) == {"enh": frame, **outputs}
    ours = {"espnet_kd_version": __version__, "model": "GTCRNSeparator", "latency": "256"}
    assert found.items() >= {**ours, "context": ""}.items()
    assert "algorithmic latency 16 ms" in found["comment"]


def test_a_waveform_model_describes_its_hops(onnx_file):
    model, path = onnx_file("tcn")
    found, graph = metadata(path), onnx.load(path).graph
    expected = {"model_type": "espnet_kd_wave", "hop": "64", "lead": "64", "delay": "0"}
    expected |= {"latency": "128", "sample_rate": "16000", "model": "MaskedTCNSeparator"}
    assert found.items() >= expected.items()
    frames = 2 * 2 * (1 + 2 + 4)  # stacks, kernel - 1, dilations
    assert found["context"] == str(frames * 64 + 2 * 128)
    states = [tuple(map(int, shape.split(","))) for shape in found["state_shapes"].split(";")]
    assert states == [(1, 64), *((1, 8, 2 * d) for d in (1, 2, 4, 1, 2, 4)), (1, 64)]
    given = {f"state_{number}": shape for number, shape in enumerate(states)}
    assert shapes(graph.input) == {"samples": (1, 64), **given}
    returned = {f"{name}_out": shape for name, shape in given.items()}
    assert shapes(graph.output) == {"enhanced": (1, 64), **returned}


@pytest.mark.parametrize("name", ["gtcrn", "tcn"])
def test_a_file_names_no_path_of_the_machine_that_wrote_it(onnx_file, name):
    data = onnx_file(name)[1].read_bytes()
    assert str(Path(torch.__file__).parents[1]).encode() not in data
    assert str(Path(exporter.__file__).parents[2]).encode() not in data


@pytest.mark.parametrize("name", ["gtcrn", "tcn on a spectrum"])
def test_sherpa_onnx_computes_the_same(onnx_file, tmp_path, name):
    """Offline, it mirrors the signal at its ends, where it is silent here."""
    model, path = onnx_file(name)
    hop = OnnxStreamer(path).hop
    mixture = np.random.default_rng(0).standard_normal(20 * hop + 7).astype(np.float32)
    mixture[: 2 * hop] = mixture[-2 * hop :] = 0
    np.save(tmp_path / "mixture.npy", mixture)
    script = Path(__file__).with_name("run_sherpa.py").resolve()
    files = [tmp_path / f"{name}.npy" for name in ("mixture", "offline", "online")]
    subprocess.run([sys.executable, script, path, *files], check=True, cwd=tmp_path)
    streamer = Streamer(model)
    output, state = streamer.step(torch.from_numpy(mixture)[None], streamer.initial_state())
    expected = torch.cat([output, streamer.flush(state)], dim=1)[0].numpy()
    assert np.abs(expected).max() > 1e-2
    offline, online = np.load(files[1]), np.load(files[2])
    assert len(offline) == 20 * hop  # frames - 1; the rest is lost
    np.testing.assert_allclose(offline, expected[: 20 * hop], rtol=0, atol=1e-4)
    assert len(online) == len(mixture)
    np.testing.assert_allclose(online, expected, rtol=0, atol=1e-4)


def test_the_command(tmp_path, capsys):
    config, checkpoint = write_enhancement_model(
        tmp_path / "exp", {**EXPORTED["tcn, frames side by side"], **TRAINED}
    )
    out = tmp_path / "student.onnx"
    command.main(["--exp", str(config.parent), "--out", str(out), "--int8", "true"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{out}: MaskedTCNSeparator, ")
    assert lines[0].endswith(" kB, algorithmic latency 0.625 ms, equal to PyTorch")
    assert lines[1].startswith(f"{tmp_path / 'student.int8.onnx'}: ") and "pay" in lines[1]
    assert sorted(path.name for path in tmp_path.glob("*.onnx")) == [
        "student.int8.onnx",
        "student.onnx",
    ]
    model, _ = load_model(config, checkpoint)
    wave = np.random.default_rng(0).standard_normal((1, 500)).astype(np.float32)
    expected, _ = Streamer(model).step(torch.from_numpy(wave), Streamer(model).initial_state())
    for name, error in (("student.onnx", 1e-5), ("student.int8.onnx", 0.3)):
        streamer = OnnxStreamer(tmp_path / name)
        found, _ = streamer.step(wave, streamer.initial_state())
        assert np.abs(found - expected.numpy()).max() < error * expected.abs().max()


@pytest.mark.parametrize(
    ("milliseconds", "decibels", "verdict"),
    [
        ((2.0, 1.0), -50, "it pays"),
        ((2.0, 1.0), -30, "it does not pay"),
        ((1.0, 2.0), -50, "it does not pay"),
    ],
)
def test_when_int8_pays(milliseconds, decibels, verdict):
    assert str(Difference((9, 3), milliseconds, decibels)).endswith(f" dB: {verdict}")


@pytest.mark.brings(
    "audio", "a model for ONNX that needs later samples", "one line; nothing is written"
)
def test_a_model_that_sees_the_whole_utterance(tmp_path, capsys):
    config, _ = write_enhancement_model(tmp_path / "exp", STUDENT)
    with pytest.raises(SystemExit) as error:
        command.main(["--exp", str(config.parent), "--out", str(tmp_path / "student.onnx")])
    problem = f"error: {config}: MaskedTCNSeparator cannot stream: it has `causal: false`; use a"
    assert str(error.value).startswith(problem) and "\n" not in str(error.value)
    assert not list(tmp_path.glob("*.onnx"))


@pytest.mark.brings(
    "audio", "a model on a spectrum that estimates no mask, for ONNX", "one line says so"
)
def test_a_spectrum_without_a_mask(tmp_path):
    settings = MODELS["tcn on a spectrum"]
    conf = {**settings["separator_conf"], "masking": False}
    with pytest.raises(UserError, match="config.yaml: MaskedTCNSeparator does not estimate a mask"):
        write_onnx(
            build_model({**settings, "separator_conf": conf}), tmp_path / "a.onnx", "config.yaml"
        )


@pytest.mark.brings("audio", "--out of export-onnx with another suffix", "one line")
def test_another_suffix(tmp_path, capsys):
    with pytest.raises(SystemExit, match="--out: is student.pth, which is not .onnx; call it"):
        command.main(["--exp", str(tmp_path), "--out", "student.pth"])


def test_a_graph_that_computes_something_else_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(exporter, "TOLERANCE", -1)
    model = build_model("tcn, frames side by side")
    with pytest.raises(UserError, match="a.onnx: onnxruntime differs from PyTorch by .*, so it is"):
        write_onnx(model, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_without_the_packages_of_the_exporter(tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=f"needs {package}, which is not installed; pip install"):
        write_onnx(build_model("gtcrn"), tmp_path / "a.onnx")
