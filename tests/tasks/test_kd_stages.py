"""Training in stages: what is rejected, what a stage hands over, what is kept and what results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from espnet_kd.bin.enh_kd_train import main
from espnet_kd.distill.publish import student_state
from espnet_kd.tasks.checks import criteria
from espnet_kd.tasks.trained import load_model

from ..kd_files import teacher_options
from ..tiny_models import STUDENT, TEACHER, TOKENS
from .tiny_training import command, write_tiny_set

AVERAGE = "valid.loss.ave.pth"
ADAPTER = "distiller.losses.latent.bottlenecks.0.up.weight"
LOSSES = {
    "latent": {"type": "cosine", "taps": ["separator.tcn.network.1"]},
    "output": {"type": "output"},
}
FIRST = {"name": "first", "max_epoch": 1, "losses": {"latent": 1.0}}
SECOND = {"name": "second", "max_epoch": 1, "losses": {"supervised": 0.5}}
NO_CHANGE = {"optim": "sgd", "optim_conf": {"lr": 0.0}}


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> dict[str, Any]:
    """Settings of a tiny training with a teacher."""
    teacher = teacher_options(tmp_path_factory.mktemp("teacher"), TEACHER)
    optimizer = {"optim": "adam", "optim_conf": {"lr": 0.02}}
    return {**STUDENT, **teacher, **optimizer, "token_list": TOKENS, "kd_losses": LOSSES}


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Path:
    """A set of simulated and real speech, the latter without references."""
    return write_tiny_set(tmp_path_factory.mktemp("both"))


@pytest.fixture
def train(both, config, tmp_path):
    """Return a function that trains in stages and returns the output directory."""

    def run(*stages: Any, name: str = "exp") -> Path:
        output = tmp_path / name
        main(command(both, output, {**config, "kd_stages": list(stages)}))
        return output

    return run


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)


BAD_STAGES = {
    "unknown loss": (
        [FIRST, {**SECOND, "losses": {"latnt": 1.0}}],
        "kd_stages, stage 2: there is no loss 'latnt'; nearest: latent",
    ),
    "no losses": ([{**FIRST, "losses": {}}], "kd_stages, stage 1: losses is {}"),
    "no weight": (
        [FIRST, {**SECOND, "losses": {"latent": 0, "supervised": 0.0}}],
        "kd_stages, 'second': no loss has a weight",
    ),
    "a bad weight": (
        [{**FIRST, "losses": {"latent": "1e-3"}}],
        "kd_stages, stage 1, loss 'latent': weight is '1e-3'; give a number, at least 0 (1.0e-3",
    ),
    "unknown key": ([{**FIRST, "epochs": 3}], "kd_stages, stage 1: has an unknown key 'epochs'"),
    "unknown option": (
        [FIRST, {**SECOND, "options": {"optm_conf": {}}}],
        "kd_stages, 'second': option 'optm_conf' is unknown",
    ),
    "no epochs": ([{**FIRST, "max_epoch": 0}], "kd_stages, stage 1: max_epoch is 0"),
    "one name twice": ([FIRST, {**SECOND, "name": "first"}], "two stages have the same name"),
    "not a list": ({"first": FIRST}, "kd_stages: is {'first'"),
    "two averages": (
        [FIRST, {**SECOND, "options": {"keep_nbest_models": [1, 2]}}],
        "--keep_nbest_models: [1, 2]",
    ),
    **{
        f"an option that the stage sets: {name}": (
            [FIRST, {**SECOND, "options": {name: value}}],
            f"kd_stages, 'second': '{name}' cannot be an option of a stage; ",
        )
        for name, value in {
            "max_epoch": 3,
            "kd_losses": {},
            "kd_stages": [],
            "output_dir": "elsewhere",
            "init_param": [],
            "supervised_weight": 1.0,
        }.items()
    },
    "a name that its option does not know": (
        [FIRST, {**SECOND, "options": {"autocast_dtype": "float16"}}],
        "autocast_dtype: 'float16' is unknown; use None, bfloat16",
    ),
    "a value that its option does not accept": (
        [FIRST, {**SECOND, "options": {"compile": "perhaps"}}],
        "compile: 'perhaps' is not a valid value",
    ),
    "an argument that its optimizer does not have": (
        [FIRST, {**SECOND, "options": {"optim_conf": {"learning": 0.1}}}],
        "optim_conf: adam: ",
    ),
    "an argument that its scheduler does not have": (
        [FIRST, {**SECOND, "options": {"scheduler": "steplr", "scheduler_conf": {"step": 2}}}],
        "scheduler_conf: steplr: ",
    ),
    "a criterion of the previous stage": (
        [FIRST, {**SECOND, "options": {"best_model_criterion": [["valid", "latent", "min"]]}}],
        "--best_model_criterion: 'valid' has no measure 'latent'; known: loss, si_snr_loss, si_snr",
    ),
    "a criterion of a loss that the stage does not have": (
        [FIRST, {**SECOND, "options": {"val_scheduler_criterion": ["valid", "latent_REAL"]}}],
        "--val_scheduler_criterion: 'valid' has no measure 'latent_REAL'",
    ),
    "mixed batches": (
        [FIRST, {**SECOND, "losses": {"output": 1.0}, "options": {"batch_type": "unsorted"}}],
        "--batch_type: 'unsorted' mixes categories",
    ),
}


@pytest.mark.parametrize(("stages", "message"), BAD_STAGES.values(), ids=BAD_STAGES.keys())
def test_rejected_stages(both, config, tmp_path, monkeypatch, stages, message):
    """A mistake in the second stage is found before the first is trained."""
    monkeypatch.setattr(criteria, "is_before", lambda _: True)  # as under ESPnet 202511
    with pytest.raises(SystemExit) as stop:
        main(command(both, tmp_path / "exp", {**config, "kd_stages": stages}))
    line = str(stop.value.code)
    assert line.startswith("error: ") and message in line and "\n" not in line
    assert not (tmp_path / "exp").exists()


def test_unknown_tap_of_the_second_stage(both, config, tmp_path):
    losses = {**LOSSES, "gram": {"type": "gram", "taps": ["nowhere"]}}
    stages = [FIRST, {**SECOND, "losses": {"gram": 1.0}}]
    changed = {**config, "kd_losses": losses, "kd_stages": stages}
    with pytest.raises(SystemExit, match="tap 'nowhere': the student has no such module"):
        main(command(both, tmp_path / "exp", changed))
    assert not (tmp_path / "exp").exists()


def test_the_second_stage_starts_from_the_average_of_the_first(train):
    """The bottleneck, which the second stage does not have, is folded into the student."""
    output = train({**FIRST, "max_epoch": 2}, {**SECOND, "options": NO_CHANGE})
    first = weights(output / "stage1_first" / AVERAGE)
    epochs = [weights(output / f"stage1_first/{epoch}epoch.pth") for epoch in (1, 2)]
    for key, value in first.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (epochs[0][key] + epochs[1][key]) / 2)
    assert ADAPTER in first
    expected = student_state(first, LOSSES)
    key = "separator.tcn.network.1.weight"
    assert not torch.allclose(first[key], expected[key])
    found = weights(output / "stage2_second" / AVERAGE)
    assert found.keys() == expected.keys()
    for key, value in found.items():
        torch.testing.assert_close(value, expected[key])


def test_the_result_is_that_of_the_last_stage(train):
    output = train(FIRST, SECOND)
    last = output / "stage2_second"
    for name in ("config.yaml", AVERAGE):
        assert (output / name).read_bytes() == (last / name).read_bytes()
    saved = yaml.safe_load((output / "config.yaml").read_text())
    assert saved["kd_losses"] == {} and saved["supervised_weight"] == 0.5
    assert saved["kd_stages"] == []
    model, _ = load_model(output / "config.yaml", output / AVERAGE)
    assert weights(output / AVERAGE).keys() == model.state_dict().keys()
    first = yaml.safe_load((output / "stage1_first/config.yaml").read_text())
    assert first["kd_losses"] == {"latent": {**LOSSES["latent"], "weight": 1.0}}
    assert first["supervised_weight"] == 0.0


def test_a_loss_of_both_stages_keeps_its_weights(train):
    second = {**SECOND, "losses": {"latent": 2.0, "supervised": 1.0}, "options": NO_CHANGE}
    output = train(FIRST, second)
    before = weights(output / "stage1_first" / AVERAGE)
    after = weights(output / "stage2_second" / AVERAGE)
    assert before.keys() == after.keys()
    for key, value in before.items():
        assert torch.equal(after[key], value)


def test_a_killed_training_resumes(train):
    """Finished stages are not trained again; the interrupted stage continues."""
    longer = {**SECOND, "max_epoch": 2}
    whole = train(FIRST, longer, name="whole")
    parts = train(FIRST, SECOND, name="parts")
    first = parts / "stage1_first"
    times = {path: path.stat().st_mtime_ns for path in first.iterdir()}
    for directory in (parts, parts / "stage2_second"):
        (directory / AVERAGE).unlink()
    train(FIRST, longer, name="parts")
    assert {path: path.stat().st_mtime_ns for path in first.iterdir()} == times
    expected, found = weights(whole / AVERAGE), weights(parts / AVERAGE)
    assert found.keys() == expected.keys()
    for key, value in found.items():
        assert torch.equal(value, expected[key])
