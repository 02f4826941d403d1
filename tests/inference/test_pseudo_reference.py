from __future__ import annotations

import math

import pytest
import soundfile

from espnet_kd.data.kaldi_dir import read_set
from espnet_kd.errors import UserError
from espnet_kd.inference.checkpoint import sha256
from espnet_kd.inference.enhancer import Enhancer
from espnet_kd.inference.pseudo_reference import make_pseudo_references
from espnet_kd.inference.utterances import read_utterances

from .conftest import LENGTHS, Gain


@pytest.fixture
def make(make_set, tmp_path):
    """Function that makes pseudo-references with a model and gives their directory."""
    source = make_set()
    checkpoint = tmp_path / "teacher.pth"

    def run(model: Gain, weights: str = "weights"):
        checkpoint.write_text(weights)
        out = tmp_path / "pseudo" / "tr05_real"
        make_pseudo_references(source, out, read_utterances(source), Enhancer(model), [checkpoint])
        return out

    return run


def test_result_is_a_training_set(make, tmp_path):
    out = make(Gain())
    tables = read_set(out)
    assert list(tables["spk1.scp"]) == list(LENGTHS)
    assert set(tables["utt2category"].values()) == {"REAL"}
    for utt, reference in tables["spk1.scp"].items():
        assert soundfile.info(reference).frames == LENGTHS[utt]
    assert (out / "teacher.sha256").read_text().split() == [
        sha256(tmp_path / "teacher.pth"),
        str(tmp_path / "teacher.pth"),
    ]


def test_table_tells_levels_and_duration(make):
    header, *lines = (make(Gain(0.1)) / "table.tsv").read_text().splitlines()
    assert header == "utterance\tmixture_dbfs\testimate_dbfs\tenergy_ratio_db\tseconds"
    name, mixture, estimate, ratio, seconds = lines[0].split("\t")
    assert name == "F01_a_REAL"
    assert float(mixture) == pytest.approx(20 * math.log10(3000 / 32768), abs=0.3)
    assert float(ratio) == pytest.approx(-20, abs=0.02)
    assert float(estimate) == pytest.approx(float(mixture) - 20, abs=0.02)
    assert float(seconds) == 0.25


@pytest.mark.parametrize(
    ("bad_value", "reason"),
    [
        (math.nan, "samples that are not finite"),
        (math.inf, "samples that are not finite"),
        (0.0, "silent: energy ratio -inf dB"),
        (0.015, "silent: energy ratio -42.5 dB"),
    ],
)
def test_unusable_output_is_left_out_and_listed(make, capsys, bad_value, reason):
    out = make(Gain(bad_length=3001, bad_value=bad_value))
    assert (out / "excluded.tsv").read_text() == f"utterance\treason\nM02_d_REAL\t{reason}\n"
    assert "M02_d_REAL" not in read_set(out)["wav.scp"]
    assert "M02_d_REAL" in (out / "table.tsv").read_text()
    errors = capsys.readouterr().err
    assert "3 usable, 1 left out" in errors
    assert f"left out M02_d_REAL: {reason}" in errors


def test_no_usable_output_at_all_is_an_error(make):
    with pytest.raises(UserError, match="no usable utterance"):
        make(Gain(0.0))


def test_same_teacher_does_no_work_twice(make):
    make(Gain())
    again = Gain()
    make(again)
    assert again.calls == []


def test_another_teacher_does_everything_again(make):
    make(Gain(bad_length=3001))
    again = Gain()
    out = make(again, "other weights")
    assert sum(again.calls) == len(LENGTHS)
    assert "M02_d_REAL" in read_set(out)["spk1.scp"]
