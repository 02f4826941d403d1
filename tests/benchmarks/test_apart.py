"""A step elsewhere: it is done there, once for each call, with memory handled by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.apart import Apart
from benchmarks.random_models import TOKENS
from benchmarks.speed_training import training_args
from benchmarks.synthetic_batch import synthetic_batch
from benchmarks.workload import SIZES

CONFIG = SIZES["mini"].conf / "se/conv_tasnet.yaml"


UTIME = 13  # field of /proc/N/stat: ticks of the clock that the process computed


@pytest.mark.parametrize("make", ["stock_step", "naive_step"])
def test_steps_in_a_process_of_its_own(make):
    batch = synthetic_batch(1, 0.25, "SIMU", len(TOKENS), paired=False, shortest=1.0)
    apart = Apart(make, training_args(str(CONFIG), "cpu"), batch)
    status = Path(f"/proc/{apart.pid}/stat")
    before = int(status.read_text().split()[UTIME])
    for _ in range(10):
        apart()
    assert int(status.read_text().split()[UTIME]) > before
    apart.close()
    assert not status.exists()
