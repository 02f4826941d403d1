"""Resuming a training: one line if it cannot continue, for the KD task and stock ESPnet alike."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from espnet_kd.bin import enh_kd_train, stock
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_lines
from espnet_kd.tasks.checks.several_gpus import check_gpus_exist

from ...tiny_models import STUDENT, TOKENS
from ..tiny_training import command, write_tiny_set

Run = Callable[..., None]


def enhancement(directory: Path) -> Run:
    """Return a function that trains a student with the given options."""
    sets = write_tiny_set(directory / "set", "SS")

    def run(*options: str) -> None:
        config = {**STUDENT, "max_epoch": 2, "optim_conf": {"lr": 0.001}}
        enh_kd_train.main(command(sets, directory / "exp", config, *options))

    return run


def language_model(directory: Path) -> Run:
    """Return a function that trains a stock language model with the given options."""
    write_lines(directory / "text", ["u1 STOCK", "u2 ROCKET"])
    write_lines(directory / "lengths", ["u1 7", "u2 8"])
    write_lines(directory / "tokens.txt", TOKENS)
    config = {
        "lm": "seq_rnn",
        "lm_conf": {"unit": 8, "nlayers": 1},
        "optim_conf": {"lr": 0.001},
        "batch_type": "unsorted",
        "batch_size": 2,
        "max_epoch": 2,
        "num_workers": 0,
        "keep_nbest_models": 2,
        "best_model_criterion": [["valid", "loss", "min"]],
    }
    (directory / "lm.yaml").write_text(yaml.safe_dump(config))

    def run(*options: str) -> None:
        words = ["espnet2.bin.lm_train", "--config", f"{directory}/lm.yaml", "--resume", "true"]
        words += ["--token_type", "char", "--token_list", f"{directory}/tokens.txt"]
        words += ["--output_dir", f"{directory}/exp", "--ngpu", "0"]
        words += ["--use_tensorboard", "false", "--use_matplotlib", "false"]
        for kind in ("train", "valid"):
            words += [f"--{kind}_data_path_and_name_and_type", f"{directory}/text,text,text"]
            words += [f"--{kind}_shape_file", f"{directory}/lengths"]
        stock.main([*words, *options])

    return run


@pytest.fixture(params=[enhancement, language_model])
def train(request, tmp_path, monkeypatch) -> Run:
    """Return a function that trains; one training of two epochs has ended."""
    monkeypatch.setattr(sys, "argv", ["pytest"])
    run = request.param(tmp_path)
    run()
    return run


def line(train: Run, *options: str) -> str:
    with pytest.raises(SystemExit) as stop:
        train(*options)
    assert str(stop.value).startswith("error: ") and "\n" not in str(stop.value)
    return str(stop.value)


def save(state: object, file: Path) -> None:
    """Write a file; torch.save to a checkpoint.pth would write the weights of the epoch too."""
    content = io.BytesIO()
    torch.save(state, content)
    file.write_bytes(content.getvalue())


def spoil(file: Path, how: str) -> None:
    if how == "empty":
        file.write_bytes(b"")
    elif how == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    elif how == "text":
        file.write_text("not a checkpoint\n")
    elif how == "weights":
        save(torch.load(file.with_name("1epoch.pth")), file)
    elif how == "bytes":  # of one weight
        content = bytearray(file.read_bytes())
        place = len(content) // 2
        content[place : place + 200] = bytes(200)
        file.write_bytes(content)
    elif how == "optimizers":
        state = torch.load(file, weights_only=False)
        save({**state, "optimizers": []}, file)
    elif how == "statistics":
        state = torch.load(file, weights_only=False)
        save({**state, "reporter": {"epoch": 2}}, file)
    elif how == "parts":
        save({"model": {}, "reporter": {"epoch": 1, "stats": {}}}, file)
    else:
        file.unlink()


@pytest.mark.brings(
    "again",
    "a checkpoint.pth that is cut, empty, damaged or something else",
    "one line names it and says what to remove; nothing is overwritten",
)
def test_a_broken_checkpoint(train, tmp_path):
    file = tmp_path / "exp" / "checkpoint.pth"
    whole, config = file.read_bytes(), (tmp_path / "exp" / "config.yaml").read_bytes()
    for how in ("empty", "cut", "text", "weights", "bytes", "optimizers", "statistics", "parts"):
        file.write_bytes(whole)
        spoil(file, how)
        error = line(train, "--max_epoch", "3")
        assert error.startswith(f"error: {file}: "), how
        assert f"remove {file.parent}" in error or "remove its directory" in error, how
        assert (tmp_path / "exp" / "config.yaml").read_bytes() == config, how
    file.write_bytes(whole)
    train("--max_epoch", "3")
    assert (tmp_path / "exp" / "3epoch.pth").exists()


@pytest.mark.brings(
    "again",
    "another optimizer, learning rate or scheduler than the training to resume has",
    "one line names the checkpoint and the value to set",
)
def test_other_settings_of_the_optimizer(train, tmp_path):
    file = tmp_path / "exp" / "checkpoint.pth"
    for options, problem in (
        (["--optim", "sgd"], "was trained with optim adadelta, not sgd; set that, or remove"),
        (["--optim_conf", "lr=0.5"], "was trained with optim_conf {"),
        (
            ["--scheduler", "warmuplr"],
            "was trained with scheduler None, not warmuplr; set that, or remove",
        ),
    ):
        assert line(train, *options).startswith(f"error: {file}: {problem}")
    (file.parent / "config.yaml").unlink()
    error = line(train, "--optim", "adam")
    assert error.startswith(f"error: {file}: is of another optimizer than adam; set the one")
    (file.parent / "config.yaml").unlink(missing_ok=True)
    error = line(train, "--scheduler", "warmuplr")
    assert error.startswith(f"error: {file}: is of another scheduler than warmuplr; set the one")


@pytest.mark.brings(
    "again",
    "another size of the model than the training to resume has",
    "one line names the checkpoint and the first weight",
)
def test_another_size(train, tmp_path):
    name = (
        "separator_conf" if "separator" in (tmp_path / "exp/config.yaml").read_text() else "lm_conf"
    )
    changes = {"separator_conf": ["bottleneck_dim=9"], "lm_conf": ["unit=9"]}[name]
    error = line(train, f"--{name}", *changes)
    file = tmp_path / "exp" / "checkpoint.pth"
    assert error.startswith(f"error: {file}: is of another model: '")
    assert "more such weights); set the model it was trained with, or remove" in error


@pytest.mark.brings(
    "again",
    "a directory in which the weights of a best epoch are missing or cut",
    "one line names the file before anything is trained",
)
def test_a_missing_epoch(train, tmp_path):
    file = tmp_path / "exp" / "1epoch.pth"
    for how, problem in (("cut", "is cut, empty or damaged"), ("missing", "does not exist")):
        spoil(file, how)
        error = line(train, "--max_epoch", "3")
        assert error.startswith(f"error: {file}: {problem}, but epoch 1 is one of those to average")
        assert not (tmp_path / "exp" / "3epoch.pth").exists()


@pytest.mark.brings(
    "again", "weights of a best epoch that are of another model", "one line names the file"
)
def test_an_epoch_of_another_model(train, tmp_path):
    file = tmp_path / "exp" / "1epoch.pth"
    torch.save({"weight": torch.zeros(1)}, file)
    error = line(train, "--max_epoch", "3")
    assert error.startswith(f"error: {file}: is of another model: has no '")


@pytest.mark.brings(
    "training", "`--ngpu 1` on a machine without a GPU", "one line says which value to set"
)
def test_no_gpu(train, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert line(train, "--ngpu", "1").startswith(
        "error: --ngpu: 1, but PyTorch finds no GPU(s) on this machine; set it to 0, or check"
    )


@pytest.mark.parametrize(("asked", "found"), [(2, 1), (1, 0)])
def test_fewer_gpus_than_asked_for(monkeypatch, asked, found):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    check_gpus_exist(argparse.Namespace(ngpu=found))
    with pytest.raises(UserError, match=f"set it to {found}"):
        check_gpus_exist(argparse.Namespace(ngpu=asked))
