"""Utterances that no loss applies to, and losses that apply to no utterance."""

from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_columns
from espnet_kd.tasks.checks.unused import unused_utterances

from ..kd_lists import NEEDS_REFERENCE, arguments

NEEDS_NONE = {"output": {"type": "output"}}


def test_utterances_without_a_reference_for_the_only_loss(tmp_path, make_data):
    """The supervised criterions need a reference, too."""
    assert unused_utterances(arguments(tmp_path, make_data())) == {"train": {"b_REAL", "c_REAL"}}


@pytest.mark.parametrize(
    "losses",
    [
        NEEDS_NONE,
        {**NEEDS_REFERENCE, **NEEDS_NONE},
        {"output": {"type": "output", "categories": ["REAL"]}},
    ],
)
def test_utterances_that_a_loss_applies_to_stay(tmp_path, make_data, losses):
    assert unused_utterances(arguments(tmp_path, make_data(), kd_losses=losses)) == {}


@pytest.mark.parametrize(
    "losses",
    [
        {"output": {"type": "output", "categories": ["SIMU"]}},
        {"output": {"type": "output", "weight": 0}},
        {},
    ],
)
def test_losses_that_do_not_apply_do_not_count(tmp_path, make_data, losses):
    args = arguments(tmp_path, make_data(), kd_losses=losses)
    assert unused_utterances(args) == {"train": {"b_REAL", "c_REAL"}}


def test_simulated_speech_without_a_loss_is_left_out(tmp_path, make_data):
    """A training without the criterions has a KD loss that applies only to real speech."""
    losses = {"output": {"type": "output", "categories": ["REAL"]}}
    args = arguments(tmp_path, make_data(), kd_losses=losses, supervised_weight=0.0)
    assert unused_utterances(args) == {"train": {"a_SIMU"}}


def test_only_real_data_and_losses_that_need_a_reference(tmp_path, make_data):
    data = make_data()
    for name in ("wav.scp", "spk1.scp", "utt2category", "utt2num_samples"):
        table = read_columns(tmp_path / name)
        del table["a_SIMU"]
        write_columns(tmp_path / name, table)
    with pytest.raises(UserError, match="kd_losses, 'mixup': applies to no utterance of the train"):
        unused_utterances(arguments(tmp_path, data))
    with pytest.raises(UserError, match="spk1.scp: no loss applies to any utterance"):
        unused_utterances(arguments(tmp_path, data, kd_losses={}))


@pytest.mark.parametrize(
    "loss",
    [
        {"type": "latent_mixup", "taps": ["x"], "categories": ["REAL"]},  # REAL has no reference
        {"type": "output", "categories": ["CLEAN"]},  # there is no CLEAN utterance
    ],
)
def test_a_loss_that_never_applies_next_to_one_that_does(tmp_path, make_data, loss):
    args = arguments(tmp_path, make_data(), kd_losses={**NEEDS_NONE, "never": loss})
    with pytest.raises(UserError, match="kd_losses, 'never': applies to no utterance of the train"):
        unused_utterances(args)


def test_a_second_noise_is_only_for_simulated_speech(tmp_path, make_data):
    data = make_data({"b_REAL": "b.ref.wav", "c_REAL": "c.ref.wav"})
    losses = {"mixup": {**NEEDS_REFERENCE["mixup"], "categories": ["REAL"]}}
    with pytest.raises(UserError, match="'mixup': applies to no utterance"):
        unused_utterances(arguments(tmp_path, data, kd_losses=losses))


@pytest.mark.parametrize(
    "loss", [NEEDS_REFERENCE["mixup"], {"type": "output", "categories": ["REAL"]}]
)
def test_a_loss_that_depends_on_missing_categories(tmp_path, make_data, loss):
    args = arguments(tmp_path, make_data()[:2], kd_losses={"a": loss})
    with pytest.raises(
        UserError, match="'a': depends on the category, which the training list lacks"
    ):
        unused_utterances(args)
