"""Checkpoints and configurations: read safely, loaded strictly, identified by checksums."""

from __future__ import annotations

import shutil

import pytest
import torch

from espnet_kd.checkpoint import checksums, load_strictly, read_config, read_state, sha256
from espnet_kd.errors import UserError


def test_strict_loading_changes_nothing_when_it_fails():
    model = torch.nn.Linear(2, 2)
    before = model.weight.clone()
    with pytest.raises(UserError, match="x.pth: has no 'bias'"):
        load_strictly(model, {"weight": torch.zeros(2, 2)}, "x.pth")
    assert torch.equal(model.weight, before)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 torn"])
def test_files_that_are_not_checkpoints_are_rejected(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.pth: is cut, damaged, or not a checkpoint"):
        read_state(tmp_path / "x.pth")


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Harmful:
        def __reduce__(self):
            return shutil.rmtree, (str(tmp_path / "precious"),)

    (tmp_path / "precious").mkdir()
    torch.save({"weight": Harmful()}, tmp_path / "x.pth")
    with pytest.raises(UserError, match="is cut, damaged, or not a checkpoint"):
        read_state(tmp_path / "x.pth")
    assert (tmp_path / "precious").exists()


def test_missing_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"x\.pth: does not exist"):
        read_state(tmp_path / "x.pth")
    with pytest.raises(UserError, match=r"config\.yaml: does not exist"):
        read_config(tmp_path / "config.yaml", "separator")


@pytest.mark.parametrize("content", ["a: [", "encoder: conv\n", "3\n"])
def test_other_configurations_are_rejected(tmp_path, content):
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(UserError, match=r"config\.yaml: (is not YAML|has no 'separator')"):
        read_config(tmp_path / "config.yaml", "separator")


def test_checksums_are_those_of_sha256sum(tmp_path):
    (tmp_path / "abc").write_text("abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == known
    assert checksums([tmp_path / "abc"]) == f"{known}  {tmp_path / 'abc'}\n"


@pytest.mark.brings("training", "weights of a model that are cut", "one line names the file")
def test_cut_weights(tmp_path):
    torch.save(torch.nn.Linear(90, 90).state_dict(), tmp_path / "x.pth")
    whole = (tmp_path / "x.pth").read_bytes()
    for size in (1, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "x.pth").write_bytes(whole[:size])
        with pytest.raises(
            UserError, match=r"x\.pth: is cut, damaged, or not a checkpoint of weights"
        ):
            read_state(tmp_path / "x.pth")


@pytest.mark.parametrize("content", [[1], {1: torch.zeros(1)}, {"a": 1}, {"model": {}}])
def test_other_contents_are_not_weights(tmp_path, content):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(UserError, match="or not a checkpoint of weights"):
        read_state(tmp_path / "x.pth")


def test_folders_instead_of_files(tmp_path):
    with pytest.raises(UserError, match="or not a checkpoint of weights"):
        read_state(tmp_path)
    with pytest.raises(UserError, match="cannot be read"):
        read_config(tmp_path, "separator")
