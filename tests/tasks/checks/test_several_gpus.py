"""Training in several processes: what is rejected, what each logs, how errors are reported."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import torch
from espnet2.tasks.enh import EnhancementTask
from torch.multiprocessing import ProcessExitedException

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.errors import UserError
from espnet_kd.host import is_before
from espnet_kd.tasks import enh_kd
from espnet_kd.tasks.enh_kd import EnhKDTask

from ...kd_files import teacher_options
from ...tiny_models import STUDENT
from ..tiny_training import command, write_tiny_set

HIDDEN = "separator.tcn.network.1"
LOSSES = {
    "latent": {"type": "cosine", "taps": [HIDDEN], "categories": ["SIMU"]},
    "output": {"type": "output", "categories": ["REAL"]},
}
PLUGIN = """
import sys
import torch
import typeguard

state = "g2p_en" in sys.modules, hasattr(torch.save, "__wrapped__")
raise ImportError(f"{state} {typeguard.typechecked.__module__}")
"""


def arguments(**changes):
    args = EnhKDTask.get_parser().parse_args([])
    vars(args).update({**STUDENT, "distributed": True, **changes})
    return args


@pytest.fixture
def cmd(tmp_path):
    """A training on chunks of SIMU and REAL in turn, so each of two processes has one category."""
    teacher = teacher_options(tmp_path / "teacher", STUDENT)
    chunks = {"iterator_type": "chunk", "chunk_length": 2000, "batch_type": "unsorted"}
    config = {**STUDENT, **teacher, **chunks, "kd_losses": LOSSES, "max_epoch": 1}
    config["supervised_weight"] = 0.0  # layers after the tap get no gradient from SIMU
    words = command(write_tiny_set(tmp_path / "set", "SRSR"), tmp_path / "exp", config)
    texts = [i for i, word in enumerate(words) if word.endswith(("text,text,text", "text_int"))]
    return [word for i, word in enumerate(words) if i not in texts and i + 1 not in texts]


def test_processes_of_different_categories_train_together(cmd, tmp_path):
    """Each process computes a different loss, but ESPnet gathers statistics key by key."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    options = ["--dist_backend", "gloo", "--dist_world_size", "2", "--dist_init_method", "env://"]
    options += ["--dist_master_addr", "localhost", "--dist_master_port", str(port)]
    options += ["--multiprocessing_distributed", "false"]
    program = [sys.executable, "-m", "espnet_kd.bin.enh_kd_train", *cmd, *options]
    ranks = [
        subprocess.Popen([*program, "--dist_rank", rank], stderr=subprocess.PIPE, text=True)
        for rank in "01"
    ]
    try:
        logs = [rank.communicate(timeout=180)[1] for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert [rank.returncode for rank in ranks] == [0, 0], "\n".join(logs)
    (results,) = (line for line in logs[0].splitlines() if "epoch results:" in line)
    for name in ("si_snr_loss_SIMU", "latent_SIMU", "output_REAL", "loss"):
        assert f" {name}=" in results and f" {name}=nan" not in results
    assert "latent_REAL" not in results
    whole = torch.load(tmp_path / "exp/1epoch.pth")
    assert whole.keys() == torch.load(tmp_path / "exp/valid.loss.ave.pth").keys()


def test_a_process_leaves_its_group(tmp_path, monkeypatch):
    """While something still holds the group, its threads sometimes abort the process at exit."""
    group = []

    def train(_task, _args):
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{tmp_path}/group", rank=0, world_size=1
        )
        model = torch.nn.Module()
        model.group, model.trainer = torch.distributed.group.WORLD, [model]
        group.append(weakref.ref(model))

    monkeypatch.setattr(EnhancementTask, "main_worker", classmethod(train))
    EnhKDTask._work(
        arguments(train_data_path_and_name_and_type=[], valid_data_path_and_name_and_type=[])
    )
    assert not torch.distributed.is_initialized()
    assert group[0]() is None


@pytest.mark.parametrize("training", [True, False])
def test_every_batch_has_the_same_statistics_in_one_order(tmp_path, monkeypatch, training):
    teacher = teacher_options(tmp_path / "teacher", STUDENT)
    model = EnhKDTask.build_model(arguments(kd_losses=LOSSES, **teacher)).train(training)
    speech = torch.randn(2, 2, 800)

    def statistics(kind: str):
        category = torch.full((2, 1), CATEGORIES.index(kind))
        reference = speech[1] if kind == "SIMU" else torch.full_like(speech[1], torch.nan)
        return model(speech[0], speech_ref1=reference, utt2category=category)[1]

    alone = statistics("SIMU")
    assert not any(value.isnan() for value in alone.values())
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    simu, real = statistics("SIMU"), statistics("REAL")
    assert list(simu) == list(real) == model.measures(training)
    assert {value.dtype for value in (*simu.values(), *real.values())} == {torch.float32}
    assert {value.shape for value in (*simu.values(), *real.values())} == {(1,)}
    assert {name for name, value in simu.items() if not value.isnan()} == set(alone)
    assert real["si_snr_loss"].isnan() and not real["output_REAL"].isnan()


def test_several_gpus_in_one_process():
    with pytest.raises(UserError, match="^--ngpu: 2 in one process; add --multiprocessing_dist"):
        EnhKDTask.check_required_command_args(
            arguments(ngpu=2, required=[], multiprocessing_distributed=False)
        )


@pytest.fixture
def started(monkeypatch):
    """List that collects the arguments with which ESPnet would train."""
    found = []
    monkeypatch.setattr(EnhancementTask, "main", classmethod(lambda _, args: found.append(args)))
    monkeypatch.setattr(enh_kd, "print_end", lambda _: None)
    return found


@pytest.mark.parametrize("losses", [{}, LOSSES])
def test_weights_without_gradient_are_allowed_for_kd(started, losses):
    EnhKDTask.main(arguments(kd_losses=losses))
    assert started[0].unused_parameters is bool(losses)


def test_mistakes_are_found_before_processes_are_spawned(started, cmd):
    with pytest.raises(UserError, match="tap 'nowhere'"):
        EnhKDTask.main(
            cmd=[*cmd, "--ngpu", "2", "--multiprocessing_distributed", "true"]
            + ["--kd_losses", "latent={type: gram, taps: [nowhere]}"]
        )
    assert not started


@pytest.mark.parametrize(
    ("status", "expected"), [(1, SystemExit), (-signal.SIGKILL, ProcessExitedException)]
)
def test_a_failed_spawned_process_has_reported_why(monkeypatch, status, expected):
    def fail(_, args):
        raise ProcessExitedException("process 1 ended", 1, 42, status)

    monkeypatch.setattr(EnhancementTask, "main", classmethod(fail))
    with pytest.raises(expected) as stop:
        EnhKDTask.main(arguments())
    assert getattr(stop.value, "code", 1) == 1


def test_a_spawned_process_is_prepared_and_reports_one_line(tmp_path, monkeypatch, capfd):
    """It imports plugins after the work-arounds for ESPnet; an error prints no traceback."""
    (tmp_path / "look.py").write_text(PLUGIN)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[3]}")
    monkeypatch.syspath_prepend(tmp_path)
    process = multiprocessing.get_context("spawn").Process(
        target=EnhKDTask.main_worker, args=(arguments(plugins=["look"]),)
    )
    process.start()
    process.join(timeout=180)
    assert process.exitcode == 1
    state = (is_before(202611), True)  # g2p_en is replaced under 202511, torch.save under both
    expected = f"'look': {state} espnet_kd.host; put its folder on PYTHONPATH"
    assert capfd.readouterr().err.splitlines() == [f"error: plugins: {expected}"]
