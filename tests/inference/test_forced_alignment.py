"""Forced alignment with a CTC model."""

from __future__ import annotations

from argparse import Namespace

import numpy as np
import pytest
import torch

from espnet_kd.data.tokens import bpe_tokenizer, train_bpe
from espnet_kd.errors import UserError
from espnet_kd.inference.forced_alignment import (
    Aligner,
    align_set,
    ctc_centers,
    even_samples,
    frame_samples,
    read_speeds,
    scale_alignment,
)
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.tasks.trained import load_asr_model

TOKENS = ["<blank>", "<unk>", "<NOISE>", "A", "B", "<space>", "<sos/eos>"]


def posteriors(path: list[int]) -> torch.Tensor:
    """Return log posteriors (T, V) with a clear maximum along `path`."""
    return torch.log_softmax(10.0 * torch.eye(max(len(TOKENS), *path) + 1)[path], dim=1)


class Recognizer(torch.nn.Module):
    """Replaces an ESPnetASRModel; its CTC output follows a path, whatever the audio."""

    def __init__(self, path: list[int], hop: int = 160):
        super().__init__()
        self.path = path
        self.weight = torch.nn.Parameter(torch.zeros(1))  # its type is that of the input
        self.frontend = Namespace(hop_length=hop)
        self.ctc = Namespace(log_softmax=lambda encoded: encoded)

    def encode(self, speech, lengths):
        return posteriors(self.path).expand(len(speech), -1, -1), lengths


def args(**changes) -> Namespace:
    values = {"token_type": "char", "token_list": TOKENS, "frontend": "default"}
    return Namespace(**{**values, **changes})


def test_centers_are_the_middles_of_the_spans():
    centers = ctc_centers(posteriors([0, 3, 3, 3, 0, 0, 4, 4, 0]), [3, 4])
    assert centers.tolist() == [2.0, 6.5]


def test_repeated_characters_need_a_blank_between():
    assert ctc_centers(posteriors([3, 0, 3]), [3, 3]).tolist() == [0.0, 2.0]
    assert ctc_centers(posteriors([3, 3]), [3, 3]) is None
    assert ctc_centers(posteriors([3, 4]), [3, 4]).tolist() == [0.0, 1.0]


def test_encoder_frames_lie_symmetrically():
    # 2.5 s with hop 160 are 251 feature frames. Two unpadded convolutions of width 3 and stride 2
    # leave 62 frames; the first one sees feature frames 0 to 6, the last one 244 to 250.
    samples = frame_samples(np.array([0, 61]), 62, 40000, 160)
    assert samples.tolist() == [3 * 160, 247 * 160]


def test_the_recognizer_has_62_frames_for_2_5_seconds(recognizer_files):
    model, _ = load_asr_model(*recognizer_files)
    _, lengths = model.encode(torch.zeros(1, 40000), torch.tensor([40000]))
    assert lengths.tolist() == [62]


def test_each_character_gets_its_time(make_set):
    directory = make_set(lengths={"F01_a": 1600 * 8}, text={"F01_a": "A B<NOISE>"})
    path = [0] * 20 + [3] * 3 + [0] * 9 + [5] + [0] * 10 + [4] * 2 + [0] * 10 + [2] + [0] * 25
    aligner = Aligner(Recognizer(path), args())
    aligned = align_set(read_utterances(directory, "text"), aligner, 1, "align")
    # 81 feature frames and 81 encoder frames, so frame i is at 10 i ms.
    assert len(path) == 81
    assert aligned == {"F01_a": ([210, 320, 435, 550], True)}


def test_each_piece_of_a_bpe_model_gets_its_time(make_set, tmp_path):
    tokens = train_bpe(["ABBA BAAB", "BAB"], 8, tmp_path / "bpe.model")
    pieces = bpe_tokenizer(tmp_path / "bpe.model")("BAB ABBA")
    assert 2 < len(pieces) < len("BAB ABBA")
    path = [0] * 5
    for piece in pieces:
        path += [tokens.index(piece), 0, 0, 0]
    directory = make_set(lengths={"F01_a": 160 * len(path)}, text={"F01_a": "BAB ABBA"})
    options = args(token_type="bpe", token_list=tokens, bpemodel=str(tmp_path / "bpe.model"))
    aligner = Aligner(Recognizer(path), options)
    ((times, fits),) = align_set(read_utterances(directory, "text"), aligner, 1, "align").values()
    assert fits and len(times) == len(pieces)
    assert np.diff(times).tolist() == pytest.approx([40] * (len(pieces) - 1), abs=2)


def test_text_too_long_for_the_audio_is_spread_evenly(make_set):
    directory = make_set(lengths={"F01_a": 1600}, text={"F01_a": "ABAB"})
    aligner = Aligner(Recognizer([3, 4, 3]), args())
    aligned = align_set(read_utterances(directory, "text"), aligner, 1, "align")
    assert aligned == {"F01_a": ([12, 38, 62, 88], False)}


def test_even_samples():
    assert even_samples(4, 1600).tolist() == [200, 600, 1000, 1400]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"token_type": "word"}, "token_type: is 'word'; use a char or bpe"),
        ({}, "the model has no CTC"),
    ],
)
def test_models_that_cannot_align_are_rejected(changes, problem):
    model = Recognizer([0])
    if not changes:
        model.ctc = None
    with pytest.raises(UserError, match=problem):
        Aligner(model, args(**changes))


def test_perturbed_alignment_is_scaled(tmp_path):
    base = {"F01_a": "90 180", "F01_b": "55"}
    speeds = {"F01_a": "1.0", "sp0.9-F01_a": "0.9", "sp1.1-F01_b": "1.1"}
    assert scale_alignment(base, speeds, tmp_path / "align") == {
        "F01_a": "90 180",
        "sp0.9-F01_a": "100 200",
        "sp1.1-F01_b": "50",
    }
    with pytest.raises(UserError, match="align: has no line for 'F01_c'"):
        scale_alignment(base, {"sp0.9-F01_c": "0.9"}, tmp_path / "align")


@pytest.mark.parametrize("speed", ["fast", "0", "-1"])
def test_invalid_speeds_are_rejected(tmp_path, speed):
    (tmp_path / "utt2speed").write_text(f"sp0.9-F01_a {speed}\n")
    with pytest.raises(UserError, match=f"'sp0.9-F01_a' has speed '{speed}'"):
        read_speeds(tmp_path)
