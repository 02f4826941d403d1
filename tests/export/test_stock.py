"""Exporting models to stock ESPnet."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from espnet_kd.bin import export_stock as command
from espnet_kd.data.audio import write_samples
from espnet_kd.errors import UserError
from espnet_kd.export.stock import averaged_checkpoint, export_stock
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.utterances import Utterance
from espnet_kd.tasks.trained import load_model

from ..tiny_models import STUDENT, TEACHER, write_enhancement_model

OURS = {"token_type": "char", "filterbank_init": "random", "model_conf": {"auxiliary_weights": {}}}


@pytest.fixture(scope="session")
def experiment(tmp_path_factory) -> Path:
    """Training directory of a tiny student."""
    config, _ = write_enhancement_model(tmp_path_factory.mktemp("student"), {**STUDENT, **OURS})
    return config.parent


@pytest.fixture(scope="session")
def exported(experiment, tmp_path_factory) -> tuple[Path, Path]:
    """The student's configuration and weights, exported to stock ESPnet."""
    return export_stock(experiment, tmp_path_factory.mktemp("stock"))


def test_stock_espnet_returns_the_same_samples(experiment, exported, tmp_path):
    rng = np.random.default_rng(0)
    samples = (3000 * rng.standard_normal(8003)).astype(np.int16)
    write_samples(tmp_path / "mixture.wav", samples)
    np.save(tmp_path / "mixture.npy", (samples / 32768).astype(np.float32))
    script = Path(__file__).with_name("load_in_stock.py").resolve()
    files = [*exported, tmp_path / "mixture.npy", tmp_path / "enhanced.npy"]
    subprocess.run([sys.executable, script, *files], check=True, cwd=tmp_path)
    model, _ = load_model(experiment / "config.yaml", experiment / "valid.loss.ave.pth")
    utterance = Utterance("u", str(tmp_path / "mixture.wav"), len(samples))
    stock = np.load(tmp_path / "enhanced.npy")
    assert np.abs(stock).max() > 1e-3
    np.testing.assert_allclose(stock, Enhancer(model, keep_scale=True)([utterance]), atol=1e-6)
    scaled = np.stack(Enhancer(model)([utterance]))
    gain = scaled.std() / stock.std()
    assert abs(gain - 1) > 0.01
    np.testing.assert_allclose(gain * stock, scaled, atol=1e-5)


def test_the_configuration_contains_only_stock_options(exported):
    values = yaml.safe_load(exported[0].read_text())
    assert not values.keys() & {"token_type", "token_list", "bpemodel", "filterbank_init"}
    assert values["preprocessor"] is None
    assert "auxiliary_weights" not in values["model_conf"]
    assert [criterion["name"] for criterion in values["criterions"]] == ["si_snr"]
    assert "espnet_kd" not in exported[0].read_text()


def test_exported_model_can_be_packed(exported, tmp_path):
    from espnet2.bin import pack

    config, model = exported
    pack.main(
        ["enh", "--train_config", str(config), "--model_file", str(model)]
        + ["--outpath", str(tmp_path / "student.zip")]
    )
    names = zipfile.ZipFile(tmp_path / "student.zip").namelist()
    assert {Path(name).name for name in names} == {"meta.yaml", "config.yaml", "model.pth"}


def test_classes_that_are_not_in_stock_espnet_cannot_be_exported(tmp_path):
    config, _ = write_enhancement_model(tmp_path / "teacher", TEACHER)
    with pytest.raises(SystemExit, match="separator 'text_informed_tcn' is not a class of stock"):
        command.main([f"--exp={config.parent}", f"--out={tmp_path / 'stock'}"])
    assert not (tmp_path / "stock").exists()


def test_weights_that_do_not_fit_are_rejected(experiment, tmp_path):
    state = torch.load(experiment / "valid.loss.ave.pth")
    torch.save({**state, "adapter.weight": torch.zeros(1)}, experiment / "2epoch.pth")
    with pytest.raises(
        UserError, match="2epoch.pth: has 'adapter.weight', which the model does not"
    ):
        export_stock(experiment, tmp_path / "stock", "2epoch.pth")
    assert not (tmp_path / "stock").exists()


@pytest.mark.parametrize("names", [[], ["valid.loss.ave.pth", "valid.si_snr_loss.ave.pth"]])
def test_the_averaged_checkpoint_must_be_the_only_one(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=f"has {len(names)} files valid"):
        averaged_checkpoint(tmp_path)


GTCRN = {
    "encoder": "causal_stft",
    "encoder_conf": {"n_fft": 64},
    "decoder": "causal_stft",
    "decoder_conf": {"n_fft": 64},
    "separator": "gtcrn",
    "separator_conf": {"channels": 4, "low_bins": 9, "bands": 8, "dilations": [1]},
}


@pytest.mark.brings(
    "training", "a student of a class that stock ESPnet lacks", "stage 9 leaves it out, with a line"
)
def test_a_student_of_our_own_class(tmp_path, capsys):
    config, _ = write_enhancement_model(tmp_path / "gtcrn", {**STUDENT, **OURS, **GTCRN})
    options = ["--exp", str(config.parent), "--out", str(tmp_path / "stock")]
    line = "encoder 'causal_stft' is not a class of stock ESPnet; use it with this package"
    with pytest.raises(SystemExit, match=line):
        command.main(options)
    command.main([*options, "--skip_others"])
    assert capsys.readouterr().out == f"not exported: {config}: {line}\n"
    assert not (tmp_path / "stock").exists()
