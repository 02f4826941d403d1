"""Choosing a device."""

from __future__ import annotations

import torch

from espnet_kd.inference.loading import choose_device


def test_jobs_take_the_gpus_in_turn(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    assert [choose_device(1, job) for job in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert chosen == [0, 1, 0]
    assert choose_device(0, 3) == "cpu"
