"""Streams in onnxruntime: equal to PyTorch however they are cut, without PyTorch, one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from espnet_kd.errors import UserError
from espnet_kd.streaming.onnx_streamer import OnnxStreamer
from espnet_kd.streaming.streamer import Streamer

from ..causal_models import EXPORTED


def noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((1, length)).astype(np.float32)


def in_chunks(streamer: OnnxStreamer, wave: np.ndarray, sizes: list[int]) -> np.ndarray:
    """Enhance (1, L) in chunks of the given sizes, then the rest."""
    state, outputs = streamer.initial_state(), []
    for chunk in np.split(wave, np.cumsum(sizes, dtype=int), axis=1):
        output, state = streamer.step(chunk, state)
        assert output.shape[1] % streamer.hop == 0
        outputs.append(output)
    return np.concatenate([*outputs, streamer.flush(state)], axis=1)


def whole(model: torch.nn.Module, wave: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model.enhance(torch.from_numpy(wave), torch.tensor([wave.shape[1]]))[0].numpy()


def with_metadata(source: Path, copy: Path, **changes: str | None) -> Path:
    """Copy a file; None removes an entry."""
    proto = onnx.load(source)
    entries = {entry.key: entry.value for entry in proto.metadata_props} | changes
    onnx.helper.set_model_props(proto, {k: v for k, v in entries.items() if v is not None})
    onnx.save(proto, copy)
    return copy


@pytest.mark.parametrize("name", EXPORTED)
def test_each_hop_equals_pytorch(onnx_file, name):
    model, path = onnx_file(name)
    streamer, reference = OnnxStreamer(path), Streamer(model)
    assert (streamer.hop, streamer.latency) == (reference.hop, reference.latency)
    state, expected_state = streamer.initial_state(), reference.initial_state()
    largest = 0.0
    for hop in np.split(noise(40 * streamer.hop), 40, axis=1):
        found, state = streamer.step(hop, state)
        expected, expected_state = reference.step(torch.from_numpy(hop), expected_state)
        np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-5)
        largest = max(largest, np.abs(found).max(initial=0))
    assert largest > 1e-2


@pytest.mark.parametrize("name", ["gtcrn", "tcn"])
def test_a_minute_equals_pytorch(onnx_file, name):
    model, path = onnx_file(name)
    wave = noise(60 * 16000)
    reference = Streamer(model)
    expected, state = reference.step(torch.from_numpy(wave), reference.initial_state())
    expected = torch.cat([expected, reference.flush(state)], dim=1).numpy()
    found = in_chunks(OnnxStreamer(path), wave, [])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", EXPORTED)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sizes=st.lists(st.integers(0, 300) | st.integers(0, 1), max_size=8), rest=st.integers(0, 500)
)
def test_any_chunks_equal_the_whole(onnx_file, name, sizes, rest):
    model, path = onnx_file(name)
    streamer = OnnxStreamer(path)
    wave = noise(sum(sizes) + rest + streamer.latency)
    found = in_chunks(streamer, wave, sizes)
    np.testing.assert_allclose(found, whole(model, wave), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", EXPORTED)
@pytest.mark.parametrize("length", [0, 1, 17])
def test_the_output_of_a_short_signal_has_its_length(onnx_file, name, length):
    model, path = onnx_file(name)
    wave = noise(length)
    found = in_chunks(OnnxStreamer(path), wave, [])
    streamer = Streamer(model)
    expected, state = streamer.step(torch.from_numpy(wave), streamer.initial_state())
    expected = torch.cat([expected, streamer.flush(state)], dim=1)
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["gtcrn", "tcn"])
def test_step_changes_no_state(onnx_file, name):
    """So one streamer serves several signals, and a caller may go back."""
    streamer, wave = OnnxStreamer(onnx_file(name)[1]), noise(900)
    _, state = streamer.step(wave, streamer.initial_state())
    before = [cache.copy() for cache in state.caches]
    first, _ = streamer.step(wave, state)
    streamer.step(noise(400, seed=1), state)
    assert all(map(np.array_equal, before, state.caches))
    assert np.array_equal(streamer.step(wave, state)[0], first)


def test_pytorch_and_espnet_are_not_loaded(onnx_file):
    script = (
        "import sys, numpy as np\n"
        "from espnet_kd.streaming.onnx_streamer import OnnxStreamer\n"
        "streamer = OnnxStreamer(sys.argv[1])\n"
        "streamer.step(np.zeros((1, 900)), streamer.initial_state())\n"
        "assert not {'torch', 'espnet2', 'onnx', 'scipy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script, onnx_file("gtcrn")[1]], check=True)


@pytest.mark.brings(
    "audio", "NaN or infinity in a stream of an ONNX file", "refused before all that comes later"
)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite(onnx_file, value):
    streamer, samples = OnnxStreamer(onnx_file("gtcrn")[1]), np.zeros((1, 100))
    samples[0, 50] = value
    with pytest.raises(UserError, match="samples: have NaN or infinity; replace them"):
        streamer.step(samples, streamer.initial_state())


@pytest.mark.parametrize(
    "samples", [np.zeros(100), np.zeros((2, 100)), np.zeros((1, 100), dtype=np.int16)]
)
def test_samples_of_another_shape_or_type(onnx_file, samples):
    streamer = OnnxStreamer(onnx_file("gtcrn")[1])
    with pytest.raises(UserError, match=r"samples: are .*; give floating point, \(1, any number\)"):
        streamer.step(samples, streamer.initial_state())


@pytest.mark.brings("audio", "an ONNX file of another program", "one line: it has no metadata")
@pytest.mark.parametrize("entry", ["model_type", "espnet_kd_version"])
def test_a_file_without_our_metadata(onnx_file, tmp_path, entry):
    path = with_metadata(onnx_file("gtcrn")[1], tmp_path / "other.onnx", **{entry: None})
    with pytest.raises(UserError, match="other.onnx: has no metadata of espnet_kd, .* export-onnx"):
        OnnxStreamer(path)


@pytest.mark.brings("audio", "an ONNX file with changed metadata", "one line names the entry")
@pytest.mark.parametrize(
    ("entry", "value", "problem"),
    [
        ("hop", None, "hop in its metadata is ''"),
        ("hop", "0", "hop in its metadata is '0'"),
        ("latency", "8 ms", "latency in its metadata is '8 ms'"),
        ("context", "-1", "context in its metadata is '-1'"),
        ("state_shapes", "a,b", "state_shapes in its metadata is 'a,b'"),
        ("state_shapes", "1,2;3", r"its caches are .*, and \(\(1, 2\), \(3,\)\) in its metadata"),
    ],
)
def test_metadata_that_do_not_fit(onnx_file, tmp_path, entry, value, problem):
    path = with_metadata(onnx_file("tcn")[1], tmp_path / "changed.onnx", **{entry: value})
    with pytest.raises(UserError, match=f"changed.onnx: {problem}; export it again"):
        OnnxStreamer(path)


@pytest.mark.brings("audio", "a file called .onnx that is none", "one line says so")
def test_a_file_that_is_not_onnx(tmp_path):
    path = tmp_path / "text.onnx"
    path.write_text("no model\n")
    with pytest.raises(UserError, match="text.onnx: is not an ONNX file that onnxruntime can run"):
        OnnxStreamer(path)


@pytest.mark.brings("audio", "an ONNX file that was cut off", "one line says it cannot be run")
def test_a_file_that_was_cut_off(onnx_file, tmp_path):
    data = onnx_file("gtcrn")[1].read_bytes()
    path = tmp_path / "half.onnx"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="half.onnx: (is not an ONNX file|has no metadata)"):
        OnnxStreamer(path)


def test_a_file_that_does_not_exist(tmp_path):
    with pytest.raises(UserError, match="none.onnx: does not exist; export it"):
        OnnxStreamer(tmp_path / "none.onnx")


def test_without_onnxruntime(onnx_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"onnxruntime: is not installed; pip install 'espnet_kd\["):
        OnnxStreamer(onnx_file("gtcrn")[1])
