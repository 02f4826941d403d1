from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from espnet_kd.inference import loading, utterances
from espnet_kd.report import model_table as module
from espnet_kd.report.model_table import NamedConfig, TrainedModel, model_table
from espnet_kd.scoring.complexity import Speed

from ..tiny_models import write_recognizer


class Filter(torch.nn.Module):
    """An enhancer with known cost: one weight and one multiplication per sample for each tap."""

    def __init__(self, taps: int):
        super().__init__()
        self.model = torch.nn.Conv1d(1, 1, taps, bias=False)
        self.model.takes_text = self.model.takes_alignment = taps > 1000

    def __call__(self, batch):
        return self.model(torch.zeros(1, 1, batch[0].num_samples + self.model.kernel_size[0] - 1))


@pytest.fixture(autouse=True)
def filters(monkeypatch):
    """Replace checkpoints by filters; the name of the checkpoint is the number of taps."""
    seen = []

    def load(config, checkpoint, device="cpu"):
        return Filter(int(checkpoint))

    def read(set_dir, *names):
        seen.append(names)
        return [SimpleNamespace(num_samples=32000), SimpleNamespace(num_samples=9)]

    def speeds(models, set_dir):
        return [Speed((0.1, 0.2, 0.3)) for _ in models]

    monkeypatch.setattr(module, "speeds", speeds)
    monkeypatch.setattr(loading, "load_enhancer", load)
    monkeypatch.setattr(utterances, "read_utterances", read)
    return seen


def test_costs_of_each_model(filters):
    models = [TrainedModel("baseline", "c", "1000"), TrainedModel("teacher", "c", "4000")]
    text = model_table(models, "set")
    assert "utterance of 2.0 s" in text
    assert "in each of 3 processes, on the CPU, one thread" in text
    assert text.splitlines()[-1].endswith("| 0.200 ± 0.100 |")
    first, second = (line.split(" | ")[:3] for line in text.splitlines()[-2:])
    # 16,000 samples per second times 1,000 taps.
    assert first == ["| Baseline", "0.001", "0.016"]
    assert second == ["| Text-informed teacher", "0.004", "0.064"]
    assert filters == [(), ("text", "align")]
    assert "aligner" not in text


def test_other_models_are_counted(tmp_path):
    config, checkpoint = write_recognizer(tmp_path)
    state = torch.load(checkpoint)
    filters = "frontend.logmel.melmat"  # a fixed buffer, not a parameter
    size = sum(value.numel() for name, value in state.items() if name != filters)
    lm = tmp_path / "lm.yaml"
    lm.write_text(
        "{lm: seq_rnn, lm_conf: {unit: 10, nlayers: 1, rnn_type: lstm}, token_list: [a, b]}"
    )
    others = [NamedConfig("aligner", str(config)), NamedConfig("lm", str(lm))]
    text = model_table([TrainedModel("teacher", "c", "1000")], "set", others)
    _, aligner, language = text.splitlines()[-3:]
    assert aligner == f"| CTC aligner | {size / 1e6:.3f} | – | – |"
    # Two embeddings of size 10, an LSTM with 4 gates, an output layer with bias.
    assert language == f"| Language model | {(20 + 4 * (100 + 100 + 20) + 22) / 1e6:.3f} | – | – |"
    assert "without the aligner" in text
