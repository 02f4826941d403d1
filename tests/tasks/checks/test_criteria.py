"""Measures that a training logs, and those that it does not."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_columns
from espnet_kd.tasks.checks import criteria
from espnet_kd.tasks.checks.criteria import check_averaging, check_criteria
from espnet_kd.tasks.enh_kd import EnhKDTask

from ...tiny_models import STUDENT, TEACHER, TOKENS

LOSSES = {
    "output": {"type": "output"},
    "real": {"type": "output", "categories": ["REAL"]},
}
CRITERIONS = [
    {"name": "si_snr", "wrapper": "fixed_order"},
    {"name": "snr", "conf": {"only_for_test": True}, "wrapper": "fixed_order"},
]


@pytest.fixture
def trained(student_files):
    """Arguments and model of a training with KD."""
    args = EnhKDTask.get_parser().parse_args([])
    vars(args).update({**STUDENT, "kd_losses": LOSSES, "criterions": CRITERIONS})
    args.teacher_config, args.teacher_checkpoint = student_files
    return args, EnhKDTask.build_model(args)


@pytest.mark.parametrize("training", [True, False])
def test_measures_are_what_batches_log(trained, training):
    """The batches cover every category, with and without a reference."""
    _, model = trained
    model.train(training)
    seen = set()
    for index, kind in enumerate(CATEGORIES):
        speech = torch.randn(2, 2, 800)
        if kind == "REAL":
            speech[1] = torch.nan
        category = torch.full((2, 1), index)
        seen |= set(model(speech[0], speech_ref1=speech[1], utt2category=category)[1])
    without = {"si_snr_loss_REAL"} | (set() if training else {"snr_loss_REAL"})
    assert set(model.measures(training)) == seen | without
    assert {"output_CLEAN", "real_REAL"} <= seen and "real_SIMU" not in seen
    assert ("snr_loss" in seen) is not training


@pytest.mark.parametrize("measure", ["loss", "si_snr_loss", "output_SIMU", "snr_loss_REAL"])
def test_measures_of_validation(trained, measure):
    args, model = trained
    args.best_model_criterion = [["valid", measure, "min"]]
    check_criteria(args, model)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"best_model_criterion": [["valid", "real_SIMU", "min"]]},
            "best_model_criterion: 'valid' has no measure 'real_SIMU'; known: loss, si_snr_loss, ",
        ),
        (
            {"best_model_criterion": [["train", "snr_loss", "min"]]},
            "best_model_criterion: 'train' has no measure 'snr_loss'; known: loss, ",
        ),
        (
            {"best_model_criterion": [["test", "loss", "min"]]},
            "best_model_criterion: 'test' has no measure 'loss'; known: train, valid",
        ),
        (
            {"early_stopping_criterion": ("valid", "acc", "max")},
            "early_stopping_criterion: 'valid' has no measure 'acc'",
        ),
        (
            {"val_scheduler_criterion": ("valid", "outputs")},
            "val_scheduler_criterion: 'valid' has no measure 'outputs'",
        ),
    ],
)
def test_measures_that_are_not_logged(trained, changes, problem):
    args, model = trained
    vars(args).update({"best_model_criterion": [["valid", "loss", "min"]], **changes})
    with pytest.raises(UserError) as error:
        check_criteria(args, model)
    assert str(error.value).startswith(f"--{problem}")


@pytest.mark.parametrize(("kind", "logged"), [("SIMU", True), ("REAL", False)])
def test_measures_of_a_category_that_a_list_lacks(trained, tmp_path, kind, logged):
    args, model = trained
    write_columns(tmp_path / "utt2category", {"a": "SIMU", "b": "CLEAN"})
    args.valid_data_path_and_name_and_type = [(f"{tmp_path}/utt2category", "category", "text")]
    args.best_model_criterion = [["valid", f"si_snr_loss_{kind}", "min"]]
    if logged:
        check_criteria(args, model)
    else:
        with pytest.raises(UserError, match="'valid' has no measure 'si_snr_loss_REAL'; known"):
            check_criteria(args, model)


def test_auxiliary_losses_are_logged_only_in_training():
    args = EnhKDTask.get_parser().parse_args([])
    vars(args).update({**TEACHER, "token_list": TOKENS})
    args.separator_conf = {**args.separator_conf, "auxiliary_ctc": True}
    args.model_conf = {"auxiliary_weights": {"ctc": 0.1}}
    model = EnhKDTask.build_model(args)
    assert "ctc" in model.measures(training=True)
    assert "ctc" not in model.measures(training=False)


def averaging(**changes):
    args = EnhKDTask.get_parser().parse_args([])
    args.best_model_criterion, args.keep_nbest_models = [["valid", "loss", "min"]], 2
    vars(args).update(changes)
    return args


def test_correct_averaging_passes():
    check_averaging(averaging())
    check_averaging(averaging(keep_nbest_models=[5]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keep_nbest_models": [1, 5]}, "--keep_nbest_models: \\[1, 5\\]"),
        (
            {"best_model_criterion": [["valid", "loss", "min"], ["train", "loss", "min"]]},
            "--best_model_criterion: 2 criteria",
        ),
    ],
)
def test_wrong_averaging_is_rejected(changes, message, monkeypatch):
    monkeypatch.setattr(criteria, "is_before", lambda _: True)
    with pytest.raises(UserError, match=message):
        check_averaging(averaging(**changes))
    monkeypatch.setattr(criteria, "is_before", lambda _: False)
    check_averaging(averaging(**changes))
