"""Loading the model that enhances files, from all its forms."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from espnet_kd.data.audio import write_samples
from espnet_kd.data.waves import read_wave
from espnet_kd.errors import UserError
from espnet_kd.inference.files import load
from espnet_kd.inference.files.load import load_backend

MIXTURE = (0.1 * np.random.default_rng(0).standard_normal(4000)).astype(np.float32)


def packed(folder: Path, out: Path, **meta) -> Path:
    """Zip a folder in the form of ESPnet's model zoo."""
    form = {"files": {"model_file": "model.pth"}, "yaml_files": {"train_config": "config.yaml"}}
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("meta.yaml", yaml.safe_dump({**form, **meta}))
        archive.write(folder / "config.yaml", "config.yaml")
        archive.write(folder / "valid.loss.ave.pth", "model.pth")
    return out


def test_all_forms_of_a_model_are_the_same(student_files, tmp_path):
    exp = student_files[0].parent
    expected = load_backend(exp).enhance(MIXTURE)
    assert expected.shape == MIXTURE.shape and np.abs(expected).max() > 1e-4
    model = packed(exp, tmp_path / "model.zip")
    stock, unpacked = tmp_path / "stock", tmp_path / "unpacked"
    zipfile.ZipFile(model).extractall(unpacked)
    shutil.copytree(unpacked, stock)
    (stock / "meta.yaml").unlink()
    for form in (model, unpacked, stock):
        np.testing.assert_array_equal(load_backend(form).enhance(MIXTURE), expected)


def test_files_get_what_sets_get(student_files, tmp_path):
    """The same samples as `enhance_sets` writes."""
    from espnet_kd.inference.enhancer import Enhancer
    from espnet_kd.inference.files.enhance import enhance_file
    from espnet_kd.inference.files.formats import Recording
    from espnet_kd.inference.observation import ObservationWeight
    from espnet_kd.inference.utterances import Utterance
    from espnet_kd.tasks.trained import load_model

    path, out = tmp_path / "in.wav", tmp_path / "out.wav"
    write_samples(path, (MIXTURE * 32768).astype(np.int16))
    weight = ObservationWeight(0.8)
    enhance_file(Recording.open(path), out, load_backend(student_files[0].parent), weight)
    model, _ = load_model(*student_files)
    (expected,) = Enhancer(model, observation_weight=weight)([Utterance("u", str(path), 4000)])
    np.testing.assert_allclose(read_wave(out, 4000), expected, atol=1e-4)


@pytest.mark.brings("again", "no --model, in a version without its own", "a line says what to give")
def test_no_model_comes_with_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr(load, "DEFAULT_MODEL", tmp_path / "default.zip")
    with pytest.raises(UserError, match="^--model: is not given, and .* no model of its own; give"):
        load_backend(None)


def test_the_default_is_packed_with_the_package(student_files, monkeypatch, tmp_path):
    root = Path(load.__file__).parents[2]
    assert root / "models/default.zip" == load.DEFAULT_MODEL and root.name == "espnet_kd"
    model = packed(student_files[0].parent, tmp_path / "default.zip")
    monkeypatch.setattr(load, "DEFAULT_MODEL", model)
    assert load_backend(None).sample_rate == 16000


@pytest.mark.brings("training", "a text-informed teacher for files", "an error: it needs text")
def test_a_text_informed_teacher(teacher_files):
    with pytest.raises(UserError, match="config.yaml: this model also needs the transcript; give"):
        load_backend(teacher_files[0].parent)


@pytest.mark.brings("training", "a model for another rate", "an error names the rate")
def test_a_model_for_another_rate(student_files, tmp_path):
    exp = tmp_path / "exp"
    shutil.copytree(student_files[0].parent, exp)
    values = yaml.safe_load((exp / "config.yaml").read_text())
    (exp / "config.yaml").write_text(yaml.safe_dump({**values, "sample_rate": 8000}))
    with pytest.raises(UserError, match="config.yaml: sample_rate is 8000; train at 16000"):
        load_backend(exp)
    model = packed(exp, tmp_path / "model.zip")
    with pytest.raises(UserError, match="^[^ ]*/model.zip: config.yaml: sample_rate is 8000"):
        load_backend(model)


@pytest.mark.brings("training", "something that is no packed model", "an error says what to give")
def test_what_is_not_a_model(student_files, tmp_path):
    exp = student_files[0].parent
    for name in ("text.txt", "text.onnx"):
        (tmp_path / name).write_text("text")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "text")
    (tmp_path / "empty").mkdir()
    lacking = packed(exp, tmp_path / "lacking.zip", files={"model_file": "weights.pth"})
    asr = packed(exp, tmp_path / "asr.zip", files={"asr_model_file": "model.pth"})
    for path, problem in [
        (tmp_path / "none", "none: does not exist; give a training directory, a packed model"),
        (tmp_path / "text.txt", "text.txt: is not a model; give a training directory"),
        (tmp_path / "text.onnx", "text.onnx: is not an ONNX file that onnxruntime can run"),
        (tmp_path / "other.zip", "other.zip: has no meta.yaml of a speech-enhancement model"),
        (tmp_path / "empty", r"empty: has 0 files valid.\*.ave.pth"),
        (lacking, "lacking.zip: has no 'weights.pth', which its meta.yaml names; pack it again"),
        (asr, "asr.zip: has no meta.yaml of a speech-enhancement model"),
    ]:
        with pytest.raises(UserError, match=problem):
            load_backend(path)
    with pytest.raises(UserError, match="--checkpoint: is given, but .*asr.zip is a file"):
        load_backend(asr, "valid.loss.ave.pth")
