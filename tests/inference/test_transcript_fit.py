"""How well a recording explains its transcript, and the gate that uses it."""

from __future__ import annotations

import math
import re
import shutil

import pytest
import torch

from espnet_kd.bin.gate_references import main
from espnet_kd.data.kaldi_dir import read_set, write_set
from espnet_kd.errors import UserError
from espnet_kd.inference.ctc import CTCModel
from espnet_kd.inference.transcript_fit import transcript_fits
from espnet_kd.inference.utterances import read_utterances

from .test_forced_alignment import Recognizer, args


def fit_of(path: list[int], text: str, make_set) -> float:
    utterances = read_utterances(make_set(lengths={"F01_a": 4000}, text={"F01_a": text}), "text")
    return transcript_fits(utterances, CTCModel(Recognizer(path), args()), 1, "x")["F01_a"]


def test_likelihood_of_a_single_path(make_set):
    """Three frames "A", blank, "B" with clear posteriors: one path has nearly all probability."""
    expected = 3 * torch.log_softmax(10.0 * torch.eye(8)[0], 0)[0].item() / 2
    found = fit_of([3, 0, 4], "AB", make_set)
    assert found == pytest.approx(expected, abs=1e-3)
    assert fit_of([3, 0, 4], "BA", make_set) < found - 5


def test_all_paths_count(make_set):
    """Uniform posteriors over 7 tokens in two frames: A has the paths AA, A-, -A."""

    class Uniform(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.ctc = type("CTC", (), {"log_softmax": staticmethod(lambda encoded: encoded)})

        def encode(self, speech, lengths):
            return torch.full((len(speech), 2, 7), -math.log(7)), torch.tensor([2])

    utterances = read_utterances(make_set(lengths={"F01_a": 400}, text={"F01_a": "A"}), "text")
    found = transcript_fits(utterances, CTCModel(Uniform(), args()), 1, "x")["F01_a"]
    assert found == pytest.approx(math.log(3 / 49), abs=1e-5)


def test_audio_too_short_for_its_text(make_set):
    assert fit_of([3, 4], "AAAA", make_set) == -math.inf


def test_a_model_without_ctc():
    model = Recognizer([0])
    model.ctc = None
    with pytest.raises(UserError, match="ctc_weight: is 0"):
        CTCModel(model, args())


@pytest.fixture
def gate(make_set, recognizer_files, tmp_path):
    """Return a function that runs the command on pseudo-references that are their mixtures."""
    source = make_set(lengths={"F01_a_REAL": 16000, "F01_b_REAL": 24000, "M02_c_REAL": 20000})
    tables = read_set(source)
    tables["spk1.scp"] = {}
    for name, path in tables["wav.scp"].items():
        tables["spk1.scp"][name] = str(tmp_path / f"{name}.wav")
        shutil.copy(path, tables["spk1.scp"][name])
    write_set(tmp_path / "pseudo", tables)
    config, checkpoint = map(str, recognizer_files)

    def run(*options: str):
        model = ["--config", config, "--checkpoint", checkpoint]
        out = tmp_path / "gated"
        main([*model, "--pseudo", str(tmp_path / "pseudo"), "--out", str(out), *options])
        lines = (out / "gate.tsv").read_text().splitlines()
        assert lines[0] == "utterance\tmixture\treference\tkept"
        return {row[0]: row[1:] for row in (line.split("\t") for line in lines[1:])}

    return run


def test_the_gate_keeps_what_explains_the_transcript(gate, tmp_path):
    rows = gate()
    assert len(rows) == 3 and all(row[0] == row[1] and row[2] == "1" for row in rows.values())
    assert read_set(tmp_path / "gated") == read_set(tmp_path / "pseudo")
    worst, *better = sorted(rows, key=lambda name: float(rows[name][1]))
    limit = float(rows[better[0]][1]) - 1e-3
    rows = gate(f"--min_log_likelihood={limit}")
    assert [name for name, row in rows.items() if row[2] == "0"] == [worst]
    assert sorted(read_set(tmp_path / "gated")["spk1.scp"]) == sorted(better)


def test_a_gate_that_leaves_nothing(gate, tmp_path):
    with pytest.raises(SystemExit) as stop:
        gate("--min_log_likelihood=0")
    assert re.search(
        r"gate.tsv: no pseudo-reference reaches 0; the best has -\d+.\d\d; lower --min_log_like",
        str(stop.value),
    )
    assert not (tmp_path / "gated" / "wav.scp").exists()
