"""Losses between utterances need two of them in each process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from espnet_kd.errors import UserError
from espnet_kd.fileio import write_columns
from espnet_kd.tasks.checks.batch_sizes import check_batch_sizes, processes
from espnet_kd.tasks.enh_kd import EnhKDTask

CONF = Path(__file__).parents[3] / "conf"
UTTERANCES = 400


def gram(**conf):
    return {"gram": {"type": "gram", "taps": ["x"], "conf": conf}}


@pytest.fixture
def args(tmp_path):
    """Arguments of a training on 400 simulated utterances, a fifth of them long."""
    names = [f"u{number:03}" for number in range(UTTERANCES)]
    lengths = {name: 300000 if number % 5 == 0 else 100000 for number, name in enumerate(names)}
    for file, table in {
        "wav.scp": {name: f"{name}.wav" for name in names},
        "spk1.scp": {name: f"{name}.wav" for name in names},
        "utt2category": dict.fromkeys(names, "SIMU"),
        "utt2num_samples": lengths,
    }.items():
        write_columns(tmp_path / file, table)
    found = EnhKDTask.get_parser().parse_args([])
    found.train_data_path_and_name_and_type = [
        (str(tmp_path / "wav.scp"), "speech_mix", "sound"),
        (str(tmp_path / "spk1.scp"), "speech_ref1", "reference"),
        (str(tmp_path / "utt2category"), "category", "text"),
    ]
    found.train_shape_file = [str(tmp_path / "utt2num_samples")]
    vars(found).update(batch_type="folded", batch_size=8, fold_length=[160000])
    found.multiprocessing_distributed = True
    found.kd_losses = gram(kind="batch")
    return found


def problem(args, **changes) -> str:
    vars(args).update(changes)
    with pytest.raises(UserError) as stop:
        check_batch_sizes(args)
    return str(stop.value)


@pytest.mark.parametrize(("gpus", "few"), [(4, 20), (8, 50)])
def test_batches_that_leave_one_utterance(args, gpus, few):
    """Four processes share 4 long utterances; eight share any 8."""
    line = problem(args, ngpu=gpus)
    assert line.startswith(f"kd_losses, 'gram': compares utterances, but {few} of "), line
    assert f"batches leave a process fewer than 2 ({gpus} processes); set --batch_size" in line
    assert f"to at least {2 * gpus}, raise --fold_length" in line


@pytest.mark.parametrize("gpus", [0, 1, 2])
def test_few_processes_train(args, gpus, capsys):
    args.ngpu = gpus
    check_batch_sizes(args)
    assert capsys.readouterr().out == ""


def test_one_small_batch_of_many_is_reported(args, capsys):
    vars(args).update(batch_size=2, fold_length=[1000000])
    for path in (args.train_shape_file[0], args.train_data_path_and_name_and_type[2][0]):
        lines = Path(path).read_text().splitlines(keepends=True)
        Path(path).write_text("".join(lines[:-1]))
    check_batch_sizes(args)
    out = capsys.readouterr().out
    assert re.search(r"'gram': compares utterances, but 1 of 200 batches", out)


def test_the_last_batch_of_a_short_list_may_be_small(args, capsys):
    """But not every batch."""
    for path in (args.train_shape_file[0], args.train_data_path_and_name_and_type[2][0]):
        lines = Path(path).read_text().splitlines(keepends=True)
        Path(path).write_text("".join(lines[:7]))
    vars(args).update(batch_size=2, fold_length=[1000000])
    check_batch_sizes(args)
    assert "1 of 4 batches" in capsys.readouterr().out
    assert "7 of 7 batches" in problem(args, batch_size=1)
    args.min_batch_size = 2  # ESPnet then spreads the last utterances over other batches
    vars(args).update(batch_size=2)
    check_batch_sizes(args)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("size", [1, 7])
def test_chunks(args, size):
    line = problem(args, iterator_type="chunk", batch_size=size, ngpu=4 if size > 1 else 0)
    assert "1 of 1 batches" in line


@pytest.mark.parametrize(
    "losses", [{}, gram(), gram(kind="time", stride=4), {"output": {"type": "output"}}]
)
def test_other_losses_take_any_batch(args, losses):
    vars(args).update(kd_losses=losses, ngpu=8)
    check_batch_sizes(args)


@pytest.mark.parametrize("kind", ["clskd", "remixit"])
def test_other_losses_between_utterances(args, kind):
    losses = {"other": {"type": kind, "taps": ["x"]}}
    assert "'other': compares utterances, but" in problem(args, kd_losses=losses, ngpu=8)


def test_a_loss_without_weight_or_on_other_speech_takes_any_batch(args):
    for change in ({"weight": 0.0}, {"categories": ["REAL"]}):
        vars(args).update(kd_losses={"gram": {**gram(kind="whole")["gram"], **change}}, ngpu=8)
        check_batch_sizes(args)


def test_the_task_checks_it_before_it_trains(args):
    vars(args).update(ngpu=8, output_dir="exp", required=[], keep_nbest_models=1)
    args.best_model_criterion = [["valid", "gram", "min"]]
    with pytest.raises(UserError, match="'gram': compares utterances"):
        EnhKDTask.check_required_command_args(args)


@pytest.mark.parametrize("folder", ["kd", "mini/kd"])
def test_two_step_learns_from_one_utterance_in_each_process(args, folder):
    """Its first stage has no other loss."""
    from espnet_kd.tasks.base_config import parse_with_base

    shipped = parse_with_base(EnhKDTask.get_parser, ["--config", f"{CONF}/{folder}/two_step.yaml"])
    vars(args).update(kd_losses=shipped.kd_losses, ngpu=8, batch_size=shipped.batch_size)
    check_batch_sizes(args)


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"ngpu": 0}, 1),
        ({"ngpu": 4}, 4),
        ({"ngpu": 4, "dist_world_size": 2}, 8),
        ({"multiprocessing_distributed": False, "dist_world_size": 2}, 2),
    ],
)
def test_processes_are_counted_as_espnet_does(args, changes, count):
    vars(args).update(changes)
    assert processes(args) == count
