"""What may be trained on: references, and lists without what no loss can learn from."""

from __future__ import annotations

import argparse

import pytest

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_columns
from espnet_kd.tasks.kd_data import check_batches, check_references, keep_teachable

UTTERANCES = {"a_SIMU": "SIMU", "b_REAL": "REAL", "c_REAL": "REAL"}
NEEDS_REFERENCE = {"mixup": {"type": "latent_mixup", "taps": ["x"]}}
NEEDS_NONE = {"output": {"type": "output"}}


@pytest.fixture
def make_data(tmp_path):
    """Write a set and give its data list; REAL utterances have no reference unless changed."""

    def make(references=None, kind="reference"):
        write_columns(tmp_path / "wav.scp", {utt: f"{utt}.wav" for utt in UTTERANCES})
        write_columns(tmp_path / "utt2category", UTTERANCES)
        write_columns(tmp_path / "utt2num_samples", dict.fromkeys(UTTERANCES, 8000))
        given = {"a_SIMU": "a.ref.wav", "b_REAL": "-", "c_REAL": "-", **(references or {})}
        write_columns(tmp_path / "spk1.scp", given)
        return [
            (str(tmp_path / "wav.scp"), "speech_mix", "sound"),
            (str(tmp_path / "spk1.scp"), "speech_ref1", kind),
            (str(tmp_path / "utt2category"), "category", "text"),
        ]

    return make


def arguments(tmp_path, data, **changes):
    return argparse.Namespace(
        **{
            "output_dir": str(tmp_path / "exp"),
            "train_data_path_and_name_and_type": data,
            "valid_data_path_and_name_and_type": [],
            "train_shape_file": [str(tmp_path / "utt2num_samples")],
            "valid_shape_file": [],
            "kd_losses": NEEDS_REFERENCE,
            "supervised_weight": 1.0,
            **changes,
        }
    )


def test_references_are_checked_where_there_are_categories(tmp_path):
    check_references([])
    check_references([(str(tmp_path / "absent"), "speech_ref1", "sound")])


def test_real_may_lack_a_reference_where_the_type_says_so(make_data):
    check_references(make_data())
    with pytest.raises(UserError, match="REAL utterance 'b_REAL' has no pseudo-reference"):
        check_references(make_data(kind="sound"))


@pytest.mark.parametrize("kind", ["reference", "sound"])
def test_simulated_without_reference(make_data, kind):
    with pytest.raises(UserError, match="SIMU utterance 'a_SIMU' has no reference"):
        check_references(make_data({"a_SIMU": "-"}, kind))


@pytest.mark.parametrize("kind", ["reference", "sound"])
def test_mixture_is_no_reference(make_data, kind):
    data = make_data({"b_REAL": "b_REAL.wav", "c_REAL": "c.ref.wav"}, kind)
    with pytest.raises(UserError, match="reference of REAL utterance 'b_REAL' is its noisy"):
        check_references(data)


def test_what_no_loss_can_learn_from_is_left_out(tmp_path, make_data):
    data = make_data()
    args = arguments(tmp_path, data)
    keep_teachable(args)
    first = args.train_data_path_and_name_and_type[0]
    assert first[1:] == data[0][1:]
    assert read_columns(first[0]) == {"a_SIMU": "a_SIMU.wav"}
    assert read_columns(tmp_path / "exp/data_train/utt2category") == {"a_SIMU": "SIMU"}
    assert read_columns(args.train_shape_file[0]) == {"a_SIMU": "8000"}
    assert args.train_data_path_and_name_and_type[1:] == data[1:]
    assert len(read_columns(data[0][0])) == 3  # the set itself stays


@pytest.mark.parametrize(
    "losses",
    [
        NEEDS_NONE,
        {**NEEDS_REFERENCE, **NEEDS_NONE},
        {"output": {"type": "output", "categories": ["REAL"]}},
    ],
)
def test_what_a_loss_can_learn_from_stays(tmp_path, make_data, losses):
    data = make_data()
    args = arguments(tmp_path, data, kd_losses=losses)
    keep_teachable(args)
    assert args.train_data_path_and_name_and_type == data


@pytest.mark.parametrize(
    "losses",
    [
        {"output": {"type": "output", "categories": ["SIMU"]}},
        {"output": {"type": "output", "weight": 0}},
        {},
    ],
)
def test_a_loss_of_other_batches_does_not_help(tmp_path, make_data, losses):
    args = arguments(tmp_path, make_data(), kd_losses=losses)
    keep_teachable(args)
    assert len(read_columns(args.train_shape_file[0])) == 1


def test_what_no_loss_looks_at_is_left_out(tmp_path, make_data):
    """A stage without the criterions, whose KD loss is for real speech alone."""
    losses = {"output": {"type": "output", "categories": ["REAL"]}}
    args = arguments(tmp_path, make_data(), kd_losses=losses, supervised_weight=0.0)
    keep_teachable(args)
    assert list(read_columns(args.train_shape_file[0])) == ["b_REAL", "c_REAL"]


def test_only_real_data_and_losses_that_need_a_reference(tmp_path, make_data):
    data = make_data()
    for name in ("wav.scp", "spk1.scp", "utt2category", "utt2num_samples"):
        table = read_columns(tmp_path / name)
        del table["a_SIMU"]
        write_columns(tmp_path / name, table)
    with pytest.raises(UserError, match="kd_losses, 'mixup': applies to no utterance of the train"):
        keep_teachable(arguments(tmp_path, data))
    with pytest.raises(UserError, match="spk1.scp: no loss applies to any utterance"):
        keep_teachable(arguments(tmp_path, data, kd_losses={}))
    assert not (tmp_path / "exp").exists()


@pytest.mark.parametrize(
    "loss",
    [
        {"type": "latent_mixup", "taps": ["x"], "categories": ["REAL"]},  # has no reference
        {"type": "output", "categories": ["CLEAN"]},  # there are none
    ],
)
def test_a_loss_that_never_applies_beside_one_that_does(tmp_path, make_data, loss):
    args = arguments(tmp_path, make_data(), kd_losses={**NEEDS_NONE, "never": loss})
    with pytest.raises(UserError, match="kd_losses, 'never': applies to no utterance of the train"):
        keep_teachable(args)


def test_a_second_noise_is_for_simulated_speech_alone(tmp_path, make_data):
    data = make_data({"b_REAL": "b.ref.wav", "c_REAL": "c.ref.wav"})
    losses = {"mixup": {**NEEDS_REFERENCE["mixup"], "categories": ["REAL"]}}
    with pytest.raises(UserError, match="'mixup': applies to no utterance"):
        keep_teachable(arguments(tmp_path, data, kd_losses=losses))


@pytest.mark.parametrize(
    "loss", [NEEDS_REFERENCE["mixup"], {"type": "output", "categories": ["REAL"]}]
)
def test_a_loss_that_depends_on_a_category_nobody_gives(tmp_path, make_data, loss):
    args = arguments(tmp_path, make_data()[:2], kd_losses={"a": loss})
    with pytest.raises(
        UserError, match="'a': depends on the category, which the training list has"
    ):
        keep_teachable(args)


BATCHES = {
    "iterator_type": "sequence",
    "valid_iterator_type": None,
    "batch_type": "folded",
    "valid_batch_type": None,
}


def batched(tmp_path, data, **changes):
    return arguments(
        tmp_path, data, **{**BATCHES, "valid_data_path_and_name_and_type": data} | changes
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"iterator_type": "chunk", "batch_type": "unsorted", "valid_iterator_type": "chunk"},
        {"batch_type": "numel", "valid_batch_type": "folded", "iterator_type": "chunk"}
        | {"valid_iterator_type": "sequence"},
        {"batch_type": "numel", "kd_losses": {}},
    ],
)
def test_batches_of_one_category_pass(tmp_path, make_data, changes):
    check_batches(batched(tmp_path, make_data(), **changes))


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"batch_type": "numel"}, "--batch_type: 'numel'"),
        ({"valid_batch_type": "unsorted"}, "--valid_batch_type: 'unsorted'"),
        (
            {"iterator_type": "chunk", "batch_type": "unsorted", "valid_iterator_type": "sequence"},
            "--valid_batch_type: 'unsorted'",
        ),
    ],
)
def test_batches_of_several_categories(tmp_path, make_data, changes, option):
    with pytest.raises(UserError, match=f"{option} mixes categories in a batch"):
        check_batches(batched(tmp_path, make_data(), **changes))


def test_one_category_needs_no_care(tmp_path, make_data):
    data = make_data()
    write_columns(tmp_path / "utt2category", dict.fromkeys(UTTERANCES, "REAL"))
    check_batches(batched(tmp_path, data, batch_type="numel"))


def test_categories_that_the_host_does_not_find(tmp_path, make_data):
    """It reads them beside the first data file, whatever the options say."""
    data = make_data()
    (tmp_path / "utt2category").rename(tmp_path / "category")
    data[2] = (str(tmp_path / "category"), "category", "text")
    with pytest.raises(UserError, match="wav.scp: has no utt2category beside it"):
        check_batches(batched(tmp_path, data))
