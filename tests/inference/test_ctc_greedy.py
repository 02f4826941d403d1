"""Greedy CTC decoding."""

from __future__ import annotations

from itertools import groupby

import pytest
import torch

from espnet_kd.bin.recognize_ctc import main
from espnet_kd.enh.ctc_words import collapse
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns
from espnet_kd.inference.ctc_greedy import GreedyDecoder, decode_set
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.tasks.trained import load_asr_model

from .conftest import LENGTHS
from .test_forced_alignment import Recognizer, args


@pytest.mark.parametrize(
    ("path", "tokens"),
    [([0, 3, 3, 0, 3, 4, 4, 0], [3, 3, 4]), ([0, 0], []), ([5], [5]), ([3, 4, 3], [3, 4, 3])],
)
def test_repetitions_are_merged_before_blanks_are_left_out(path, tokens):
    assert collapse(torch.tensor(path)) == tokens


def test_it_agrees_with_the_definition():
    path = torch.randint(0, 3, (500,), generator=torch.Generator().manual_seed(0))
    expected = [token for token, _ in groupby(path.tolist()) if token]
    assert collapse(path) == expected


def test_tokens_become_words(make_set):
    utterances = read_utterances(make_set())
    decoder = GreedyDecoder(Recognizer([0, 3, 3, 5, 4, 0, 4, 0]), args(bpemodel=None))
    assert decode_set(utterances, decoder, 1, "work") == dict.fromkeys(LENGTHS, "A BB")
    silent = GreedyDecoder(Recognizer([0, 0, 0]), args(bpemodel=None))
    assert decode_set(utterances, silent, 1, "work") == dict.fromkeys(LENGTHS, "")


@pytest.mark.brings(
    "scoring", "recordings too short for the recognizer", "an empty text, and a warning counts them"
)
def test_recordings_too_short_for_the_recognizer(make_set, recognizer_files, tmp_path, capsys):
    lengths = {"F01_a": 100, "F01_b": 256, "F01_c": 512, "F01_d": 959, "F01_e": 960, "F01_f": 16000}
    config, checkpoint = map(str, recognizer_files)
    job = f"--job={make_set(lengths=lengths)}:{tmp_path}/text"
    main(["--config", config, "--checkpoint", checkpoint, job])
    texts = read_columns(tmp_path / "text")
    assert list(texts) == list(lengths) and not any(texts[f"F01_{letter}"] for letter in "abcd")
    assert (
        "warning: recognize tr05_real: 4 of 6 utterances are too short for the recognizer, their "
        "text is empty: F01_a F01_b F01_c F01_d\n"
    ) in capsys.readouterr().err


def test_a_model_without_ctc():
    model = Recognizer([0])
    model.ctc = None
    with pytest.raises(UserError, match="ctc_weight: is 0"):
        GreedyDecoder(model, args(bpemodel=None))


def test_the_command_writes_a_text_for_each_set(make_set, recognizer_files, tmp_path):
    """Each utterance gets the best path of its own posteriors."""
    lengths = {"F01_a_REAL": 16000, "M02_d_REAL": 24000}
    first, second = make_set("first", lengths), make_set("second", dict(list(lengths.items())[:1]))
    config, checkpoint = map(str, recognizer_files)
    for name in ("text", "utt2spk", "spk2utt", "utt2category"):  # an enhanced set lacks them
        (second / name).unlink()
    jobs = [f"--job={first}:{tmp_path}/out/1", f"--job={second}:{tmp_path}/out/2"]
    main(["--config", config, "--checkpoint", checkpoint, *jobs])
    model, arguments = load_asr_model(config, checkpoint)
    decoder = GreedyDecoder(model, arguments)
    found = read_columns(tmp_path / "out" / "1")
    assert found == {utt.name: decoder([utt])[0][1] for utt in read_utterances(first)}
    assert list(read_columns(tmp_path / "out" / "2")) == ["F01_a_REAL"]
    main(["--config", config, "--checkpoint", checkpoint, f"--job={first}:{tmp_path}/3", "--nj=2"])
    assert (tmp_path / "3").read_text() == (tmp_path / "out" / "1").read_text()
