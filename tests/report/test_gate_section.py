"""The section about the gate of pseudo-references."""

from __future__ import annotations

import pytest
from matplotlib.image import imread

from espnet_kd.errors import UserError
from espnet_kd.report.gate_section import gate_section


@pytest.fixture
def gate(tmp_path):
    """A gate.tsv of four utterances."""
    rows = ["a\t-3\t-2.5\t1", "b\t-3\t-2.0\t1", "c\t-4\t-1.0\t1", "d\t-5\t-inf\t0"]
    (tmp_path / "gate.tsv").write_text("\n".join(["utterance\tmixture\treference\tkept", *rows]))
    return tmp_path / "gate.tsv"


def test_with_true_scores(gate, tmp_path):
    truth = {name: {"si_snr": score} for name, score in (("a", 5.0), ("b", 9.0), ("c", 12.0))}
    text = "\n".join(gate_section(gate, {**truth, "d": {"si_snr": 0.0}}, tmp_path))
    assert "median -3.50 given the mixture, -2.25 given the pseudo-reference" in text
    assert "kept 3 of 4" in text
    assert "true SI-SNR of 3 pseudo-references is 1.00" in text
    picture = (imread(tmp_path / "gate.png")[..., :3] * 255).round().astype(int)
    assert (picture == (0, 0x72, 0xB2)).all(axis=2).sum() > 20


def test_without_true_scores(gate, tmp_path):
    assert len(gate_section(gate, {}, tmp_path)) == 1
    assert not (tmp_path / "gate.png").exists()


def test_missing(tmp_path):
    with pytest.raises(UserError, match="gate.tsv: does not exist; run stage 7 again"):
        gate_section(tmp_path / "gate.tsv", {}, tmp_path)
