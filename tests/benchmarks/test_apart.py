"""Training steps in another process: they run there, without our allocator settings."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmarks import apart, speed_training
from benchmarks.apart import Apart
from benchmarks.random_models import TOKENS
from benchmarks.speed_training import training_args
from benchmarks.synthetic_batch import synthetic_batch
from benchmarks.workload import SIZES
from espnet_kd.enh.fast import execution

CONFIG = SIZES["mini"].conf / "se/conv_tasnet.yaml"
UTIME = 13  # field of /proc/PID/stat: CPU time of the process, in clock ticks


@pytest.mark.parametrize("make", ["stock_step", "naive_step"])
def test_steps_run_in_another_process(make):
    batch = synthetic_batch(1, 0.25, "SIMU", len(TOKENS), paired=False, shortest=1.0)
    args = training_args(str(CONFIG), "cpu")
    with Apart(f"{speed_training.__name__}:{make}", args, batch) as step:
        status = Path(f"/proc/{step.pid}/stat")
        before = int(status.read_text().split()[UTIME])
        for _ in range(10):
            step()
        assert int(status.read_text().split()[UTIME]) > before
    assert not status.exists()


def test_process_has_default_allocator_settings(monkeypatch):
    kept = []

    def make(_args, _device):
        kept.append(execution.keep_freed_memory())
        return SimpleNamespace(take=lambda _batch: None)

    class ClosedPipe:
        send = staticmethod(lambda _message: None)

        def recv(self):
            raise EOFError

    monkeypatch.setattr(execution, "keep_freed_memory", lambda: True)
    monkeypatch.setattr(speed_training, "stock_step", make)
    make_stock = f"{speed_training.__name__}:stock_step"
    apart._serve(ClosedPipe(), make_stock, None, {}, torch.get_num_threads())
    assert kept == [False]
