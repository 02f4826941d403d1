"""Making pseudo-references from a teacher's output."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import soundfile
import torch

from espnet_kd.data.kaldi_dir import read_set
from espnet_kd.distill.gain import match_gain
from espnet_kd.errors import UserError
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.outputs import wave_path
from espnet_kd.inference.pseudo_reference import write_pseudo_references
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.inference.writer import enhance_all

from .conftest import LENGTHS, Gain


@pytest.fixture
def make(make_set, tmp_path):
    """Return a function that makes pseudo-references with a model and returns their directory."""
    source, out = make_set(), tmp_path / "pseudo" / "tr05_real"
    outputs = {name: wave_path(out, name) for name in LENGTHS}
    utterances = [replace(utt, output=outputs[utt.name]) for utt in read_utterances(source)]

    def run(model: Gain):
        enhance_all(utterances, Enhancer(model), 320000, "work")
        write_pseudo_references(source, out, utterances)
        return out

    return run


def test_result_is_a_training_set(make):
    out = make(Gain())
    tables = read_set(out)
    assert list(tables["spk1.scp"]) == list(LENGTHS)
    assert set(tables["utt2category"].values()) == {"REAL"}
    for utt, reference in tables["spk1.scp"].items():
        assert soundfile.info(reference).frames == LENGTHS[utt]


def explaining(wave: torch.Tensor, decibel: float) -> torch.Tensor:
    """Return waveforms (B, T) that explain a part of the energy of `wave`, at another scale."""
    other = wave.roll(100, dims=1)
    lengths = torch.full((len(wave),), wave.size(1))
    other = other - match_gain(wave, other, lengths)  # the rest is orthogonal to wave
    share = 10 ** (decibel / 10)
    level = wave.norm(dim=1, keepdim=True) / other.norm(dim=1, keepdim=True)
    return 3 * (share**0.5 * wave + (1 - share) ** 0.5 * level * other)


def test_table_lists_levels_and_duration(make):
    out = make(Gain(0.1, bad_length=4000, spoil=lambda wave: explaining(wave, -20)))
    header, *lines = (out / "table.tsv").read_text().splitlines()
    assert header == "utterance\tmixture_dbfs\testimate_dbfs\tenergy_ratio_db\tseconds"
    name, mixture, estimate, ratio, seconds = lines[0].split("\t")
    assert name == "F01_a_REAL"
    assert float(mixture) == pytest.approx(20 * math.log10(3000 / 32768), abs=0.3)
    assert float(ratio) == pytest.approx(-20, abs=0.02)
    assert float(estimate) == pytest.approx(float(mixture) - 20, abs=0.02)
    assert float(seconds) == 0.25


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda wave: wave * math.nan, "samples that are not finite"),
        (lambda wave: wave * math.inf, "samples that are not finite"),
        (torch.zeros_like, "silent: energy ratio -inf dB"),
        (lambda wave: explaining(wave, -42.5), "silent: energy ratio -42.5 dB"),
    ],
)
def test_unusable_output_is_left_out_and_listed(make, capsys, spoil, reason):
    out = make(Gain(bad_length=3001, spoil=spoil))
    assert (out / "excluded.tsv").read_text() == f"utterance\treason\nM02_d_REAL\t{reason}\n"
    assert "M02_d_REAL" not in read_set(out)["wav.scp"]
    assert "M02_d_REAL" in (out / "table.tsv").read_text()
    errors = capsys.readouterr().err
    assert "3 usable, 1 left out" in errors
    assert f"left out M02_d_REAL: {reason}" in errors


def test_an_estimate_above_the_limit_is_kept_whatever_its_scale(make):
    out = make(Gain(bad_length=3001, spoil=lambda wave: explaining(wave, -37.5)))
    assert "M02_d_REAL" in read_set(out)["spk1.scp"]


def test_no_usable_output_is_an_error(make):
    with pytest.raises(UserError, match="excluded.tsv: lists all utterances"):
        make(Gain(0.0))
