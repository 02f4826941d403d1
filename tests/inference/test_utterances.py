"""Reading the utterances of a set directory."""

from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.inference.utterances import read_recordings, read_utterances


def test_text_and_alignment_are_read_if_requested(make_set):
    directory = make_set(lengths={"F01_a": 40}, align={"F01_a": "12 40"})
    (plain,) = read_utterances(directory)
    assert (plain.text, plain.align, plain.num_samples) == (None, None, 40)
    (full,) = read_utterances(directory, "text", "align")
    assert (full.text, full.align) == ("STOCKS ROSE", (12, 40))


@pytest.mark.parametrize(
    ("names", "file"), [(("text_exchanged",), "text_exchanged"), (("text", "align"), "align")]
)
def test_missing_text_is_named(make_set, names, file):
    with pytest.raises(UserError, match=f"{file}: does not exist"):
        read_utterances(make_set(), *names)


def test_alignment_that_is_not_integers_is_rejected(make_set):
    directory = make_set(lengths={"F01_a": 40}, align={"F01_a": "12 x"})
    with pytest.raises(UserError, match="align: 'F01_a' has '12 x'"):
        read_utterances(directory, "text", "align")


def test_speed_perturbed_sets_are_rejected(make_set):
    with pytest.raises(UserError, match="speed-perturbed"):
        read_utterances(make_set(lengths={"F01_a": 40}, utt2speed={"F01_a": "0.9"}))


def test_missing_set_is_rejected(tmp_path):
    with pytest.raises(UserError, match="dt05_none"):
        read_utterances(tmp_path / "dt05_none")


def test_recordings_need_two_files(make_set):
    directory = make_set()
    expected = [(utt.name, utt.wave, utt.num_samples) for utt in read_utterances(directory)]
    for name in ("text", "utt2spk", "spk2utt", "utt2category"):
        (directory / name).unlink()
    found = read_recordings(directory)
    assert [(utt.name, utt.wave, utt.num_samples) for utt in found] == expected
    lengths = (directory / "utt2num_samples").read_text().splitlines()
    (directory / "utt2num_samples").write_text("\n".join(lengths[1:]) + "\n")
    with pytest.raises(UserError, match="utt2num_samples: has no length of 'F01_a_REAL'"):
        read_recordings(directory)
