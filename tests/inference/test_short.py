"""Recordings too short for a model: alignment, the gate of pseudo-references, enhancement."""

from __future__ import annotations

import math

import pytest
import torch

from espnet_kd.bin.align import main as align
from espnet_kd.bin.enhance import main as enhance
from espnet_kd.fileio import read_columns
from espnet_kd.inference.ctc import CTCModel
from espnet_kd.inference.enhancer import shortest_input
from espnet_kd.inference.transcript_fit import transcript_fits
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.tasks.trained import load_asr_model

LENGTHS = {"F01_a": 100, "F01_b": 512, "F01_c": 16000}


@pytest.mark.brings(
    "training",
    "recordings too short for the aligner",
    "tokens are spread evenly, and counted",
)
def test_alignment(make_set, recognizer_files, capsys):
    source = make_set(lengths=LENGTHS, text=dict.fromkeys(LENGTHS, "STOCK"))
    config, checkpoint = map(str, recognizer_files)
    align(["--config", config, "--checkpoint", checkpoint, "--sets", str(source)])
    found = read_columns(source / "align")
    assert found["F01_b"] == "3 10 16 22 29" and len(found["F01_c"].split()) == 5
    assert "2 utterances too short for their text, tokens spread evenly: F01_a F01_b\n" in (
        capsys.readouterr().err
    )


def test_the_gate(make_set, recognizer_files):
    utterances = read_utterances(make_set(lengths=LENGTHS), "text")
    fits = transcript_fits(utterances, CTCModel(*load_asr_model(*recognizer_files)), 1, "x")
    assert fits["F01_a"] == fits["F01_b"] == -math.inf < fits["F01_c"]


@pytest.mark.brings(
    "scoring", "a recording shorter than a filter of the model", "named in an error"
)
def test_enhancement(make_set, student_files, tmp_path):
    config, checkpoint = map(str, student_files)
    words = ["--config", config, "--checkpoint", checkpoint, "--out", str(tmp_path / "out")]
    enhance([*words, "--sets", str(make_set(lengths={"F01_a": 100, "F01_b": 20}))])
    written = read_columns(tmp_path / "out/tr05_real/utt2num_samples")
    assert written == {"F01_a": "100", "F01_b": "20"}
    with pytest.raises(SystemExit) as stop:
        enhance([*words, "--sets", str(make_set("other", {"F01_d": 19}))])
    audio = tmp_path / "audio/F01_d.wav"
    assert stop.value.code == (
        f"error: {audio}: has 19 samples, but the model needs 20; leave the utterance out"
    )


def test_a_model_on_spectra_needs_more_than_half_a_window():
    from espnet2.enh.encoder.stft_encoder import STFTEncoder

    needed = shortest_input(STFTEncoder(n_fft=512, hop_length=128))
    with torch.inference_mode():
        STFTEncoder(n_fft=512, hop_length=128)(torch.ones(1, needed), torch.tensor([needed]))
    assert needed == 257
