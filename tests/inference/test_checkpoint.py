from __future__ import annotations

import shutil

import pytest
import torch
import yaml

from espnet_kd.errors import UserError
from espnet_kd.inference.checkpoint import (
    checksums,
    load_asr_model,
    load_model,
    load_strictly,
    read_config,
    read_state,
    sha256,
)


def test_model_comes_back_with_its_weights(student_files):
    config, checkpoint = student_files
    model, args = load_model(config, checkpoint)
    assert not model.training
    assert args.separator == "tcn"
    saved = torch.load(checkpoint)
    assert model.state_dict().keys() == saved.keys()
    assert all(torch.equal(value, saved[key]) for key, value in model.state_dict().items())


def test_recogniser_comes_back(recogniser_files):
    model, args = load_asr_model(*recogniser_files)
    assert model.ctc is not None
    assert not model.training


def test_checkpoint_of_another_shape_is_refused(student_files, tmp_path):
    config, checkpoint = student_files
    state = torch.load(checkpoint)
    state["encoder.conv1d.weight"] = torch.zeros(40, 1, 40)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(
        UserError,
        match=r"other\.pth: 'encoder\.conv1d\.weight' has shape \(40, 1, 40\), .* \(40, 1, 20\)",
    ):
        load_model(config, tmp_path / "other.pth")


def test_checkpoint_of_another_model_is_refused(student_files, teacher_files):
    with pytest.raises(UserError, match=r"has no 'separator\.text_encoder.*more such keys"):
        load_model(teacher_files[0], student_files[1])
    with pytest.raises(UserError, match=r"has 'separator\.text_encoder.*which the model has not"):
        load_model(student_files[0], teacher_files[1])


def test_another_sampling_rate_is_refused(student_files, tmp_path):
    values = yaml.safe_load(student_files[0].read_text())
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**values, "sample_rate": 8000}))
    with pytest.raises(UserError, match=r"config\.yaml: sample_rate is 8000"):
        load_model(tmp_path / "config.yaml", student_files[1])


def test_configuration_of_stock_espnet_is_enough(student_files, tmp_path):
    values = yaml.safe_load(student_files[0].read_text())
    for ours in ("token_type", "token_list", "bpemodel", "filterbank_init"):
        del values[ours]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**values, "preprocessor": None}))
    load_model(tmp_path / "config.yaml", student_files[1])


def test_strict_loading_changes_nothing_when_it_fails():
    model = torch.nn.Linear(2, 2)
    before = model.weight.clone()
    with pytest.raises(UserError, match="x.pth: has no 'bias'"):
        load_strictly(model, {"weight": torch.zeros(2, 2)}, "x.pth")
    assert torch.equal(model.weight, before)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 torn"])
def test_files_that_are_no_checkpoint_are_refused(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.pth: is not a checkpoint"):
        read_state(tmp_path / "x.pth")


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Harmful:
        def __reduce__(self):
            return shutil.rmtree, (str(tmp_path / "precious"),)

    (tmp_path / "precious").mkdir()
    torch.save({"weight": Harmful()}, tmp_path / "x.pth")
    with pytest.raises(UserError, match="is not a checkpoint"):
        read_state(tmp_path / "x.pth")
    assert (tmp_path / "precious").exists()


def test_absent_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"x\.pth: does not exist"):
        read_state(tmp_path / "x.pth")
    with pytest.raises(UserError, match=r"config\.yaml: does not exist"):
        read_config(tmp_path / "config.yaml", "separator")


@pytest.mark.parametrize("content", ["a: [", "encoder: conv\n", "3\n"])
def test_other_configurations_are_refused(tmp_path, content):
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(UserError, match=r"config\.yaml: (is not YAML|has no 'separator')"):
        read_config(tmp_path / "config.yaml", "separator")


def test_checksums_are_those_of_sha256sum(tmp_path):
    (tmp_path / "abc").write_text("abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == known
    assert checksums([tmp_path / "abc"]) == f"{known}  {tmp_path / 'abc'}\n"
