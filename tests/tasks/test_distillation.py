"""KD with the training command: what is rejected, what is trained, what checkpoints contain."""

from __future__ import annotations

import logging
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from espnet2.tasks.enh import EnhancementTask

from espnet_kd.bin.enh_kd_train import main
from espnet_kd.checkpoint import sha256
from espnet_kd.export.stock import export_stock
from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.tasks.trained import load_model

from ..kd_files import resource_options, teacher_options
from ..tiny_models import STUDENT, TEACHER, TOKENS, write_enhancement_model
from .tiny_training import SAMPLES, command, write_tiny_set

BOTTLENECK = "separator.tcn.network.1"
TINY = {**STUDENT, "token_list": TOKENS, "max_epoch": 1}
WIDE = {**TEACHER, "separator_conf": {**TEACHER["separator_conf"], "bottleneck_dim": 12}}
CODE = "encoder.conv1d"
ADAPTER = ("axis", "down.weight", "up.weight")
OUTPUT = {"output": {"type": "output"}}
POSTERIOR = {"sequence": {"type": "posterior"}}
TOKEN = {"token": {"type": "acoustic_token"}}
COSINE = {"latent": {"type": "cosine", "taps": [BOTTLENECK]}}
BALANCED = {"attention": {"type": "at_kl", "taps": [BOTTLENECK, CODE], "conf": {"balance": True}}}
MIXUP = {"mixup": {"type": "latent_mixup", "taps": [BOTTLENECK]}}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    """Options for a teacher wider than the student, a recognizer, acoustic tokens and noises."""
    directory = tmp_path_factory.mktemp("kd")
    return {**teacher_options(directory / "teacher", WIDE), **resource_options(directory / "asr")}


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Path:
    """A set of simulated and real speech."""
    return write_tiny_set(tmp_path_factory.mktemp("both"))


@pytest.fixture
def train(both, files, tmp_path):
    """Return a function that trains with changed settings and returns the output directory."""

    def run(losses: Any, name: str = "exp", set_dir: Path = both, **changes: Any) -> Path:
        config = {**TINY, **files, "kd_losses": losses, **changes}
        main(command(set_dir, tmp_path / name, config))
        return tmp_path / name

    return run


@pytest.fixture
def problem(train, tmp_path):
    """Return a function that returns the one-line error of a rejected training."""

    def run(losses: Any, **changes: Any) -> str:
        with pytest.raises(SystemExit) as stop:
            train(losses, **changes)
        assert not (tmp_path / "exp").exists()
        line = str(stop.value.code)  # a string: Python prints it and exits with 1
        assert line.startswith("error: ") and "\n" not in line
        return line.removeprefix("error: ")

    return run


def tapping(*taps: Any, **entry: Any) -> dict[str, Any]:
    return {"latent": {"type": "gram", "taps": list(taps), **entry}}


BAD_LOSSES = {
    "no such module": (
        tapping("separator.tcn.netwrk.1"),
        "tap 'separator.tcn.netwrk.1': the student has no such module; nearest: separator.tcn.net",
    ),
    "no such module of the teacher": (
        tapping({"student": BOTTLENECK, "teacher": "separator.tcm"}),
        "tap 'separator.tcm': the teacher has no such module; nearest: separator.tcn",
    ),
    "a layer that returns no tensor": (
        tapping("separator"),
        "tap 'separator': is of type tuple; tap a layer",
    ),
    "a layout with other axes": (
        tapping({"path": BOTTLENECK, "layout": "bcft"}),
        f"tap '{BOTTLENECK}': layout 'bcft' does not fit its 3 axes",
    ),
    "a missing frequency axis": (
        tapping(BOTTLENECK, conf={"kind": "frequency"}),
        "kd_losses: 'latent': kind 'frequency' compares equal frequency axes",
    ),
    "a narrower teacher": (
        {"a": {"type": "cosine", "taps": [{"student": CODE, "teacher": BOTTLENECK}]}},
        f"kd_losses: 'a': '{BOTTLENECK}' of the teacher has 12 channels, fewer than the 40 of",
    ),
    "two modules at one tap": (
        {**COSINE, "again": COSINE["latent"]},
        f"kd_losses: 'again': another loss already has a module at '{BOTTLENECK}'",
    ),
    "negative weight": ({"a": {"type": "output", "weight": -1}}, "'a': weight is -1; give a num"),
    "a weight that YAML reads as text": (
        {"a": {"type": "output", "weight": "1e-3"}},
        "'a': weight is '1e-3'; give a number, at least 0 (1.0e-3, not 1e-3)",
    ),
    "NaN": ({"a": {"type": "output", "weight": float("nan")}}, "'a': weight is nan; give a numb"),
    "unknown method": ({"a": {"type": "cosin"}}, "there is no type 'cosin'; nearest: cosine"),
    "unknown key": ({"a": {"type": "output", "wieght": 1}}, "unknown key 'wieght'; nearest: wei"),
    "unknown key of a tap": (
        tapping({"path": BOTTLENECK, "lay": "bct"}),
        "kd_losses, 'latent', tap: has an unknown key 'lay'; nearest: layout",
    ),
    "unknown key next to student and teacher": (
        tapping({"student": BOTTLENECK, "teacher": BOTTLENECK, "weight": 1}),
        "'weight': 1}; give student: and teacher:",
    ),
    "unknown argument": (
        tapping(BOTTLENECK, conf={"knd": "time"}),
        "kd_losses, 'latent': 'gram' has no argument 'knd'; nearest: kind",
    ),
    "bad argument": (tapping(BOTTLENECK, conf={"kind": "tim"}), "'latent': kind is 'tim'"),
    "unknown category": ({"a": {"type": "output", "categories": ["REEL"]}}, "category 'REEL'"),
    "not a mapping": (["output"], "kd_losses"),
}


@pytest.mark.parametrize(("losses", "message"), BAD_LOSSES.values(), ids=BAD_LOSSES.keys())
def test_rejected_losses(problem, losses, message):
    assert message in problem(losses)


MISSING = {
    "teacher_config": (OUTPUT, "--teacher_config: is missing; name the teacher of the KD losses"),
    "teacher_checkpoint": (OUTPUT, "--teacher_checkpoint: is missing"),
    "kd_asr_config": (
        POSTERIOR,
        "kd_losses, 'sequence': 'posterior' has no recognizer; give --kd_asr_config and",
    ),
    "kd_asr_checkpoint": (POSTERIOR, "'posterior' has no recognizer"),
    "kd_centroids": (
        TOKEN,
        "kd_losses, 'token': 'acoustic_token' has no centroids; give --kd_centroids",
    ),
    "second_noise_scp": (MIXUP, "--second_noise_scp: is missing, but 'mixup' compares one utter"),
}


@pytest.mark.parametrize("name", MISSING)
def test_missing_option_is_named(problem, name):
    losses, message = MISSING[name]
    assert message in problem(losses, **{name: None})


@pytest.mark.parametrize("name", MISSING)
def test_missing_file_is_named(problem, tmp_path, name):
    line = problem(MISSING[name][0], **{name: str(tmp_path / "no.npz")})
    assert line.startswith(f"{tmp_path}/no.npz: does not exist")


def test_a_teacher_of_another_architecture(problem, tmp_path):
    other = teacher_options(tmp_path / "other", TEACHER)["teacher_checkpoint"]
    line = problem(OUTPUT, teacher_checkpoint=other)
    assert line.startswith(f"{other}: 'separator.")
    assert "has shape" in line and "give the config.yaml it was trained with" in line


def test_models_with_different_sampling_rates(problem, files, tmp_path):
    config = files["teacher_config"]
    line = problem(OUTPUT, sample_rate=8000)
    assert line.startswith(f"{config}: sample_rate is 16000, but the student's is 8000")
    values = yaml.safe_load(Path(config).read_text())
    slow = tmp_path / "slow.yaml"
    slow.write_text(yaml.safe_dump({**values, "sample_rate": 8000}))
    assert problem(OUTPUT, teacher_config=str(slow)).startswith(f"{slow}: sample_rate is 8000")


def test_a_teacher_with_other_tokens(problem):
    assert problem(OUTPUT, token_list=TOKENS[::-1]).startswith("--token_list: is not the teacher")


@pytest.mark.parametrize("name", ["text", "align"])
@pytest.mark.parametrize("part", ["train", "valid"])
def test_lists_without_what_the_teacher_reads(tmp_path, files, part, name):
    cmd = command(write_tiny_set(tmp_path / "set"), tmp_path / "exp", {**TINY, "kd_losses": OUTPUT})
    option = f"--{part}_data_path_and_name_and_type"
    places = [
        i for i, word in enumerate(cmd) if f"/{name},{name}," in word and cmd[i - 1] == option
    ]
    del cmd[places[0] - 1 : places[0] + 1]
    teacher = [f"--{key}={files[key]}" for key in ("teacher_config", "teacher_checkpoint")]
    with pytest.raises(SystemExit) as stopped:
        main([*cmd, *teacher])
    assert str(stopped.value).startswith(f"error: {option}: has no '{name}', which the teacher")


@pytest.mark.parametrize("option", ["iterator_type", "valid_iterator_type"])
def test_a_text_informed_teacher_needs_whole_utterances(problem, option):
    line = problem(OUTPUT, **{option: "chunk", "chunk_length": 2000})
    assert line == (
        f"--{option}: 'chunk' cuts speech, but not the text that the teacher reads; "
        "use sequence with batch_type folded"
    )


@pytest.mark.parametrize("losses", [OUTPUT, {}])
def test_weight_of_the_criterion(problem, losses):
    assert problem(losses, supervised_weight=float("nan")).startswith(
        "--supervised_weight: weight is nan"
    )
    assert "weight is -1.0" in problem(losses, supervised_weight=-1.0)


@pytest.mark.parametrize("losses", [{}, MIXUP])
def test_only_real_speech_and_losses_that_need_a_reference(problem, tmp_path, losses):
    real = write_tiny_set(tmp_path / "real", "RR")
    line = problem(losses, set_dir=real)
    where = "kd_losses, 'mixup': applies to no utterance" if losses else f"{real}/spk1.scp: no loss"
    assert line.startswith(where)


@pytest.mark.parametrize("option", ["batch_type", "valid_batch_type"])
def test_batches_that_mix_categories(problem, option):
    line = problem(OUTPUT, **{option: "unsorted"})
    assert line.startswith(f"--{option}: 'unsorted' mixes categories in a batch; use folded")


def test_a_rejected_training_writes_no_shortened_lists(problem, both):
    """Lists without unused utterances are written after all checks."""
    assert "no such module" in problem({"mixup": {**MIXUP["mixup"], "taps": ["nowhere"]}})


def test_an_unknown_option_is_named(problem, tmp_path):
    assert problem({}, kd_loses=OUTPUT).startswith(
        f"{tmp_path}/exp.yaml: has an unknown key 'kd_loses'"
    )


def states(directory: Path, epoch: int) -> dict[str, torch.Tensor]:
    return torch.load(directory / f"{epoch}epoch.pth")


def assert_equal(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_resumed_training_keeps_the_weights_of_its_losses(train):
    losses = {**COSINE, **OUTPUT, **BALANCED}
    whole = train(losses, "whole", max_epoch=2)
    train(losses, "parts", max_epoch=1)
    parts = train(losses, "parts", max_epoch=2)
    assert_equal(states(parts, 2), states(whole, 2))
    optimizers = [
        torch.load(path / "checkpoint.pth", weights_only=False)["optimizers"]
        for path in (parts, whole)
    ]
    assert_equal(*optimizers)
    for name in ("latent.bottlenecks.0.up.weight", "attention.balance.level"):
        key = f"distiller.losses.{name}"
        assert not torch.equal(states(whole, 1)[key], states(whole, 2)[key])


@pytest.fixture(scope="module")
def trained(both, files, tmp_path_factory) -> Path:
    """A trained student that contains the bottleneck of its loss."""
    output = tmp_path_factory.mktemp("trained") / "exp"
    optimizer = {"optim": "adam", "optim_conf": {"lr": 0.02}}
    main(command(both, output, {**TINY, **files, **optimizer, "kd_losses": COSINE}))
    return output


def average(directory: Path) -> Path:
    return directory / "valid.loss.ave.pth"


def test_checkpoints_hold_the_student_and_its_losses(trained):
    stock = write_enhancement_model(trained.parent / "stock", TINY)[1]
    own = {f"distiller.losses.latent.bottlenecks.0.{name}" for name in ADAPTER}
    for path in (trained / "1epoch.pth", average(trained)):
        assert torch.load(path).keys() == torch.load(stock).keys() | own


def test_published_model_has_no_losses(trained, tmp_path):
    stock = write_enhancement_model(tmp_path / "stock", TINY)[1]
    model, _ = load_model(trained / "config.yaml", average(trained))
    assert model.state_dict().keys() == torch.load(stock).keys()
    assert model.distiller is None and model.teacher is None
    _, weights = export_stock(trained, tmp_path / "exported")
    assert_equal(torch.load(weights), dict(model.state_dict()))


def test_exported_student_returns_the_same_samples(trained, tmp_path):
    """Exported to stock ESPnet without the bottleneck, it matches the trained student with it."""
    mixture = 0.1 * torch.randn(2, SAMPLES, generator=torch.Generator().manual_seed(0))
    lengths = torch.full((2,), SAMPLES)
    args = Namespace(**yaml.safe_load((trained / "config.yaml").read_text()))
    inside = EnhKDTask.build_model(args).eval()
    inside.load_state_dict(torch.load(average(trained)))
    with torch.no_grad():
        expected = inside.distiller.observe_student(
            inside, lambda: inside.enhance(mixture, lengths)[0]
        ).signal
        left_out = inside.enhance(mixture, lengths)[0]
        stock, _ = EnhancementTask.build_model_from_file(*export_stock(trained, tmp_path))
        found = stock.eval().forward_enhance(mixture, lengths)[0][0]
    scale = expected.abs().max()
    assert (found - expected).abs().max() < 1e-5 * scale
    assert (left_out - expected).abs().max() > 1e-3 * scale


def test_the_teacher_is_named_by_its_checksum(trained, train, files, caplog):
    caplog.set_level(logging.INFO)
    train(OUTPUT)
    path = files["teacher_checkpoint"]
    assert f"Teacher: {path}, SHA-256 {sha256(path)}" in caplog.messages


def test_a_seed_gives_the_same_student_with_and_without_kd(files):
    models, numbers = [], []
    for losses in ({}, {**COSINE, "token": {"type": "acoustic_token"}}):
        args = EnhKDTask.get_parser().parse_args([])
        vars(args).update({**TINY, **files, "filterbank_init": "random", "kd_losses": losses})
        torch.manual_seed(7)
        models.append(EnhKDTask.build_model(args))
        numbers.append(torch.rand(1))
    plain, taught = (model.state_dict() for model in models)
    assert_equal({key: taught[key] for key in plain}, dict(plain))
    assert_equal(*numbers)


def test_the_weight_of_the_criterion_applies_without_kd(files):
    args = EnhKDTask.get_parser().parse_args([])
    vars(args).update({**TINY, "supervised_weight": 0.25})
    model = EnhKDTask.build_model(args)
    mixture, reference = torch.randn(2, 2, 800)
    loss, stats, _ = model(mixture, speech_ref1=reference)
    torch.testing.assert_close(loss.detach(), 0.25 * stats["si_snr_loss"])
