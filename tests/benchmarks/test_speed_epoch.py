"""Time that an epoch waits for data."""

from __future__ import annotations

from benchmarks import speed_epoch
from benchmarks.speed_epoch import measure_epoch, time_of_step
from espnet_kd.fileio import read_columns

LOG = """
[vm] 16:31:28 (trainer:811) INFO: 1epoch:train:1-31batch: iter_time=0.500, train_time=0.600
[vm] 16:31:28 (trainer:394) INFO: 1epoch results: [train] iter_time=9.100e-04, \
forward_time=0.295, loss=-0.975, optim0_lr0=0.002, train_time=1.108, time=34.42 seconds, \
total_count=31, [valid] loss=0.285, time=0.44 seconds
"""


def test_times_come_from_the_epoch_summary():
    assert time_of_step(LOG) == (9.1e-4, 1.108)


def test_an_epoch_sees_all_utterances(tmp_path, monkeypatch):
    monkeypatch.setattr(speed_epoch, "VALIDATED", 2)
    (row,) = measure_epoch(tmp_path, utterances=32)
    assert "total_count=2, [valid]" in (tmp_path / "train.log").read_text()  # two batches of 16
    assert row.work.startswith("epoch of 32 utterances of 1 s, 2 workers")
    assert row.met is not None and " ms per step" in row.ours
    assert len(read_columns(tmp_path / "train/wav.scp")) == 32
