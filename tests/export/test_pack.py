"""Packed models: what they hold, and that stock ESPnet and this package load them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from espnet_kd import host
from espnet_kd.bin import pack as command
from espnet_kd.errors import UserError
from espnet_kd.export.pack import PLACES, publish, zip_model
from espnet_kd.inference.files.load import load_backend

from ..causal_models import MODELS
from ..tiny_models import STUDENT, TEACHER, write_enhancement_model

MIXTURE = (0.1 * np.random.default_rng(0).standard_normal(8003)).astype(np.float32)
TRAINED = {
    **STUDENT,
    "output_dir": "secret/exp/student",
    "train_data_path_and_name_and_type": [["secret/dump/tr05/wav.scp", "speech_mix", "sound"]],
    "teacher_config": "secret/exp/teacher/config.yaml",
    "init_param": ["secret/exp/baseline/valid.loss.ave.pth"],
}
NO_TEXT = {
    **TEACHER,
    "separator_conf": {**STUDENT["separator_conf"], "use_text": False},
    "token_list": None,
}
RESULTS = """# RESULTS
## Table 1
| SE model | dt05 PESQ |
| --- | --: |
| Noisy input | 1.34 [1.23, 1.46] |
| Student | 2.03 [1.93, 2.13] |
"""


def run(script: list[str | os.PathLike], folder: Path) -> None:
    """Run a command at home in `folder`, since ESPnet unpacks below the home directory."""
    environment = {**os.environ, "HOME": str(folder), "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run(list(map(str, script)), check=True, cwd=folder, env=environment)


@pytest.fixture(scope="module")
def experiment(tmp_path_factory) -> Path:
    """Training directory of a tiny student."""
    return write_enhancement_model(tmp_path_factory.mktemp("exp") / "student", TRAINED)[0].parent


@pytest.fixture(scope="module")
def packed(experiment, tmp_path_factory) -> Path:
    """The packed student, with results."""
    folder = tmp_path_factory.mktemp("packed")
    results = folder / "RESULTS.md"
    results.write_text(RESULTS)
    command.main([str(experiment), str(folder / "student.zip"), "--results", str(results)])
    return folder / "student.zip"


def test_members(packed, experiment):
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        assert names[0] == "meta.yaml"  # ESPnet looks for it from the start
        assert sorted(names) == sorted(
            ["meta.yaml", "config.yaml", "model.pth", "README.md", "RESULTS.md"]
        )
        meta, config = (yaml.safe_load(archive.read(n)) for n in ("meta.yaml", "config.yaml"))
        assert archive.read("RESULTS.md").decode() == RESULTS
        for name in ("meta.yaml", "config.yaml"):
            assert b"secret" not in archive.read(name)
        card = archive.read("README.md").decode()
    assert meta["files"] == {"model_file": "model.pth"}
    assert meta["yaml_files"] == {"train_config": "config.yaml"}
    assert not set(PLACES) & config.keys() and config["separator"] == "tcn"
    assert "| Student | 2.03 [1.93, 2.13] |" in card


def test_stock_espnet_loads_it_offline(packed, experiment, tmp_path):
    np.save(tmp_path / "mixture.npy", MIXTURE)
    script = Path(__file__).with_name("load_packed_in_stock.py").resolve()
    run([sys.executable, script, packed, tmp_path / "mixture.npy", tmp_path / "out.npy"], tmp_path)
    expected = load_backend(experiment).enhance(MIXTURE)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy")[0], expected, atol=1e-6)
    np.testing.assert_array_equal(load_backend(packed).enhance(MIXTURE), expected)


def test_a_model_that_streams_is_packed_as_onnx_as_well(tmp_path):
    config, weights = write_enhancement_model(tmp_path / "exp", MODELS["tcn"])
    for options, names in ([], {"light.onnx"}), (["--no_onnx"], set()):
        out = tmp_path / "light.zip"
        command.main([str(config.parent), str(out), "--force", *options])
        with zipfile.ZipFile(out) as archive:
            assert {name for name in archive.namelist() if name.endswith(".onnx")} == names
            archive.extractall(tmp_path / f"unpacked{len(options)}")
    unpacked = tmp_path / "unpacked0"
    assert "- other files: `light.onnx`" in (unpacked / "README.md").read_text()
    found = load_backend(unpacked / "light.onnx").enhance(MIXTURE)
    np.testing.assert_allclose(found, load_backend(out).enhance(MIXTURE), atol=1e-5)


def test_espnets_command_loads_it(packed, experiment, tmp_path):
    soundfile.write(tmp_path / "in.wav", MIXTURE, 16000, subtype="FLOAT")
    espnet = Path(sys.executable).with_name("espnet")
    if host.is_before(202611):
        assert not espnet.exists(), "ESPnet 202611 brought the command"
        return
    run([espnet, "enhance", "in.wav", "-o", "out.wav", "--model", packed], tmp_path)
    expected = load_backend(experiment).enhance(MIXTURE)
    found = soundfile.read(tmp_path / "out.wav")[0]
    np.testing.assert_allclose(found, expected.clip(-1, 1), atol=1e-4)


def test_a_model_with_a_class_of_ours(tmp_path):
    exp = write_enhancement_model(tmp_path / "exp", NO_TEXT)[0].parent
    out = tmp_path / "model.zip"
    command.main([str(exp), str(out)])
    expected = load_backend(exp).enhance(MIXTURE)
    np.testing.assert_array_equal(load_backend(out).enhance(MIXTURE), expected)
    with zipfile.ZipFile(out) as archive:
        card = archive.read("README.md").decode()
        assert "token_list" not in yaml.safe_load(archive.read("config.yaml"))
    assert "separator `text_informed_tcn`), so it needs the package espnet_kd" in card
    assert "SeparateSpeech" not in card


@pytest.mark.brings("training", "a text-informed teacher to pack", "an error: it needs text")
def test_a_teacher_is_not_packed(teacher_files, tmp_path):
    with pytest.raises(SystemExit, match="config.yaml: this model also needs the transcript; pack"):
        command.main([str(teacher_files[0].parent), str(tmp_path / "teacher.zip")])
    assert not list(tmp_path.iterdir())


@pytest.mark.brings("again", "a packed model that exists", "it is kept unless --force is given")
def test_bad_arguments(packed, experiment, tmp_path):
    exp, out = str(experiment), str(tmp_path / "new.zip")
    results, config = str(packed.with_name("RESULTS.md")), str(experiment / "config.yaml")
    before = packed.read_bytes()
    for words, problem in [
        ([exp, str(packed)], "student.zip: exists; give --force to overwrite"),
        ([exp, str(tmp_path / "new.tar")], "new.tar: does not end in .zip"),
        ([exp, out, "--results", "none.md"], "none.md: does not exist"),
        ([exp, out, "--results", results, "--system", "at_kl"], "RESULTS.md: has no scores with"),
        ([exp, out, "--include", config], "config.yaml: 'config.yaml' is already in the packed"),
        ([exp, out, "--include", results, results], "'RESULTS.md' is already in the packed model"),
        ([str(tmp_path / "none"), out], "has 0 files|none/config.yaml: does not exist"),
    ]:
        with pytest.raises(SystemExit, match=problem):
            command.main(words)
    assert packed.read_bytes() == before and not list(tmp_path.iterdir())


def test_an_interruption_leaves_nothing(experiment, tmp_path, monkeypatch):
    folder, here = tmp_path / "model", Path.cwd()
    folder.mkdir()
    publish(experiment, folder)
    monkeypatch.setattr(zipfile.ZipFile, "write", lambda *_: (_ for _ in ()).throw(KeyError))
    with pytest.raises(KeyError):
        zip_model(folder, tmp_path / "model.zip")
    assert Path.cwd() == here and [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_checkpoint_must_exist(experiment, tmp_path):
    with pytest.raises(UserError, match="2epoch.pth: does not exist"):
        publish(experiment, tmp_path, "2epoch.pth")
