"""Word errors in validation: counted as scoring does, and able to choose the epoch."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.enh import recognizer
from espnet_kd.enh.batch import make_batch
from espnet_kd.enh.ctc_words import CTCWords
from espnet_kd.errors import UserError
from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.tasks.history import read_history
from espnet_kd.tasks.word_errors import WordErrors

from ..inference.test_forced_alignment import Recognizer, args
from ..kd_files import resource_options
from ..tiny_models import STUDENT, TOKENS
from .tiny_training import command, without_text, write_tiny_set

CRITERION = {"best_model_criterion": [["valid", "word_errors", "min"]]}


def recognizer_options(tmp_path):
    """Options that name a recognizer and its tokens."""
    (tmp_path / "tokens.txt").write_text("\n".join(TOKENS) + "\n")
    files = resource_options(tmp_path / "files")
    chosen = [f"--{name}={files[name]}" for name in ("kd_asr_config", "kd_asr_checkpoint")]
    return [*chosen, "--token_list", str(tmp_path / "tokens.txt")]


def test_errors_are_those_of_the_transcripts():
    """The recognizer hears `A BB`, whatever it gets."""
    model = Recognizer([0, 3, 3, 5, 4, 0, 4, 0])
    count = WordErrors(recognizer.Recognizer(model), CTCWords(args(bpemodel=None)))
    texts = [[3, 5, 4, 4], [3], [4, 5, 3, 5, 4, 4]]  # "A BB", "A", "B A BB"
    text = torch.nn.utils.rnn.pad_sequence(list(map(torch.tensor, texts)), batch_first=True)
    signal = torch.randn(3, 8)
    batch = make_batch(
        signal,
        torch.tensor([8, 8, 8]),
        signal,
        text=text,
        text_lengths=torch.tensor([len(ids) for ids in texts]),
    )
    assert count(signal, batch).tolist() == [0, 1, 1]
    assert not list(count.parameters()), "the recognizer is not trained"


def test_a_training_chooses_its_epoch_by_word_errors(tmp_path):
    sets = write_tiny_set(tmp_path / "set", "SSSS")
    config = {**STUDENT, **CRITERION, "max_epoch": 3}
    EnhKDTask.main(cmd=command(sets, tmp_path / "exp", config, *recognizer_options(tmp_path)))
    assert (tmp_path / "exp" / "valid.word_errors.ave.pth").exists()
    losses = read_history(tmp_path / "exp").epochs
    assert len(losses) == 3
    state = torch.load(tmp_path / "exp" / "valid.word_errors.ave.pth")
    assert not [key for key in state if "recognizer" in key]


def test_the_loss_stays_the_same(tmp_path):
    sets = write_tiny_set(tmp_path / "set", "SS")
    plain = {**STUDENT, "max_epoch": 1}
    EnhKDTask.main(cmd=command(sets, tmp_path / "plain", plain))
    config = {**plain, **CRITERION}
    EnhKDTask.main(cmd=command(sets, tmp_path / "exp", config, *recognizer_options(tmp_path)))
    expected, found = (torch.load(tmp_path / name / "1epoch.pth") for name in ("plain", "exp"))
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert found.keys() == expected.keys()


@pytest.mark.parametrize(
    ("left_out", "line"),
    [
        ("--kd_asr_config", "--kd_asr_config: is missing, but 'word_errors' is to choose the epo"),
        ("--token_list", "--token_list: is not the recognizer's"),
        ("text", "--valid_data_path_and_name_and_type: has no 'text'"),
    ],
)
def test_what_is_missing_is_named(tmp_path, left_out, line):
    sets = write_tiny_set(tmp_path / "set", "SS")
    cmd = command(sets, tmp_path / "exp", {**STUDENT, **CRITERION, "max_epoch": 1})
    options = recognizer_options(tmp_path)
    if left_out == "text":
        cmd = without_text(cmd)
    elif left_out == "--token_list":
        (tmp_path / "tokens.txt").write_text("\n".join(TOKENS[:-2]) + "\n")
    else:
        options = options[1:]
    with pytest.raises(UserError, match=line):
        EnhKDTask.main(cmd=[*cmd, *options])
