from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from espnet_kd.inference import loading
from espnet_kd.scoring.model_table import TrainedModel, model_table


class Filter(torch.nn.Module):
    """An enhancer of a known cost: one tap a weight, as many multiplications a sample."""

    def __init__(self, taps: int):
        super().__init__()
        self.model = torch.nn.Conv1d(1, 1, taps, bias=False)

    def __call__(self, batch):
        return self.model(torch.zeros(1, 1, batch[0].num_samples + self.model.kernel_size[0] - 1))


@pytest.fixture(autouse=True)
def filters(monkeypatch):
    """Models that are known by the number of taps, which stands for the checkpoint."""
    seen = []

    def load(options):
        seen.append(options)
        return Filter(int(options.checkpoint))

    monkeypatch.setattr(loading, "load_enhancer", load)
    utterances = [SimpleNamespace(num_samples=32000), SimpleNamespace(num_samples=9)]
    monkeypatch.setattr(loading, "read_set", lambda set_dir, enhancer, options: (utterances, []))
    return seen


def test_costs_of_each_model(filters):
    models = [TrainedModel("baseline", "c", "1000"), TrainedModel("teacher", "c", "4000")]
    text = model_table(models, "set")
    assert "utterance of 2.0 s" in text
    first, second = (line.split(" | ")[:3] for line in text.splitlines()[-2:])
    # 16,000 samples a second times 1,000 taps.
    assert first == ["| Conv-TasNet baseline", "0.001", "0.016"]
    assert second == ["| Text-informed teacher", "0.004", "0.064"]
    assert {options.ngpu for options in filters} == {0}
