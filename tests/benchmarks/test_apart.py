"""A step elsewhere: it is done there, with memory handled by default."""

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
UTIME = 13  # field of /proc/N/stat: ticks of the clock that the process computed


@pytest.mark.parametrize("make", ["stock_step", "naive_step"])
def test_steps_in_a_process_of_its_own(make):
    batch = synthetic_batch(1, 0.25, "SIMU", len(TOKENS), paired=False, shortest=1.0)
    args = training_args(str(CONFIG), "cpu")
    with Apart(f"{speed_training.__name__}:{make}", args, batch) as step:
        status = Path(f"/proc/{step.pid}/stat")
        before = int(status.read_text().split()[UTIME])
        for _ in range(10):
            step()
        assert int(status.read_text().split()[UTIME]) > before
    assert not status.exists()


def test_memory_is_handled_there_as_by_default(monkeypatch):
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
