"""Errors of a data loader's worker process, as the training process reports them."""

from __future__ import annotations

import pytest
import soundfile

from espnet_kd.errors import UserError
from espnet_kd.fileio import write_columns
from espnet_kd.tasks.worker_errors import user_error


@pytest.fixture
def data(tmp_path):
    """The lists of a training: one utterance with audio, and its transcript."""
    write_columns(tmp_path / "wav.scp", {"u1": "/data/u1.wav"})
    write_columns(tmp_path / "text", {"u1": "WORDS"})
    return [
        (str(tmp_path / "wav.scp"), "speech_mix", "sound"),
        (str(tmp_path / "text"), "text", "text"),
    ]


def test_other_errors_are_not_user_errors(data):
    assert user_error(RuntimeError("out of memory"), data) is None


def test_an_utterance_is_named_with_its_audio(data):
    found = user_error(UserError("u1", "holds NaN", "remove it"), data)
    assert str(found) == "u1 (/data/u1.wav): holds NaN; remove it"


def test_what_is_not_an_utterance_stays_as_it_is(data):
    assert str(user_error(UserError("align", "is missing"), data)) == "align: is missing"


def test_errors_of_libsndfile_that_cannot_be_printed(data):
    """torch makes such an error from the text of the worker's trace instead of a number."""
    assert user_error(soundfile.LibsndfileError("Caught LibsndfileError"), data) is None


def test_the_last_line_of_a_workers_trace_is_found(data):
    trace = "Caught UserError in DataLoader worker process 0.\nTraceback ...\n"
    error = RuntimeError(f"{trace}espnet_kd.errors.UserError: u1: holds NaN\n")
    assert str(user_error(error, data)) == "u1 (/data/u1.wav): holds NaN"
