"""Prepare ESPnet before any test module imports it; write a set of three utterances."""

import pytest

from espnet_kd import host
from espnet_kd.fileio import write_columns

from .kd_lists import UTTERANCES

host.prepare()


@pytest.fixture
def make_data(tmp_path):
    """Return a function that writes a set and returns its data list.

    REAL utterances have no reference unless `references` gives one.
    """

    def make(references=None, kind="reference"):
        write_columns(tmp_path / "wav.scp", {utt: f"{utt}.wav" for utt in UTTERANCES})
        write_columns(tmp_path / "utt2category", UTTERANCES)
        write_columns(tmp_path / "utt2num_samples", dict.fromkeys(UTTERANCES, 8000))
        given = {"a_SIMU": "a.ref.wav", "b_REAL": "-", "c_REAL": "-", **(references or {})}
        write_columns(tmp_path / "spk1.scp", given)
        return [
            (str(tmp_path / "wav.scp"), "speech_mix", "sound"),
            (str(tmp_path / "spk1.scp"), "speech_ref1", kind),
            (str(tmp_path / "utt2category"), "category", "text"),
        ]

    return make
