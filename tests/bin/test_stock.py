"""The command stock."""

from __future__ import annotations

import sys
import types

import pytest
import torch

from espnet_kd import host
from espnet_kd.bin import stock
from espnet_kd.tasks import history


@pytest.fixture(autouse=True)
def keep_argv(monkeypatch):
    """Restore sys.argv after each test, because the command changes it."""
    monkeypatch.setattr(sys, "argv", ["pytest"])


def test_module_runs_as_main_with_its_arguments_and_work_arounds(tmp_path, monkeypatch):
    (tmp_path / "stock_example.py").write_text(
        "import sys\nif __name__ == '__main__':\n"
        "    sys.modules['seen'].value = (sys.argv[1:], 'g2p_en' in sys.modules)\n"
    )
    seen = types.ModuleType("seen")
    monkeypatch.setitem(sys.modules, "seen", seen)
    monkeypatch.syspath_prepend(tmp_path)
    stock.main(["stock_example", "--config", "a.yaml"])
    assert seen.value == (["--config", "a.yaml"], host.is_before(202611))


@pytest.mark.parametrize("arguments", [[], ["--config", "a.yaml"]])
def test_missing_module_is_reported(arguments):
    with pytest.raises(SystemExit, match="error: stock: no module given"):
        stock.main(arguments)


def test_unknown_module_is_reported():
    with pytest.raises(SystemExit, match="error: espnet2_none.bin.x: is not a module"):
        stock.main(["espnet2_none.bin.x"])


def test_exit_status_of_the_module_is_kept(tmp_path, monkeypatch):
    (tmp_path / "stock_failure.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit) as stop:
        stock.main(["stock_failure"])
    assert stop.value.code == 3


@pytest.mark.parametrize(
    ("gpus", "job", "taken"), [(0, "2", []), (1, "2", []), (3, "1", [0]), (3, "5", [1])]
)
def test_jobs_take_the_gpus_in_turn(tmp_path, monkeypatch, gpus, job, taken):
    (tmp_path / "stock_nothing.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "set_device", found.append)
    stock.main(["--job", job, "stock_nothing"])
    assert found == taken


def test_a_training_ends_with_its_convergence(tmp_path, monkeypatch):
    (tmp_path / "some_train.py").write_text("")
    (tmp_path / "some_inference.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    ended = []
    monkeypatch.setattr(history, "print_end", ended.append)
    for module in ("some_inference", "some_train"):
        stock.main([module, "--config", "x.yaml", "--output_dir", "exp/lm"])
    stock.main(["some_train", "--help"])
    assert ended == ["exp/lm"]
