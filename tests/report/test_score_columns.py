from __future__ import annotations

import math

import numpy as np
import pytest

from espnet_kd.errors import UserError
from espnet_kd.report.score_columns import se_columns, wer_columns
from espnet_kd.scoring.align import Counts

SE = {
    "dt": {
        "a": {"u1": {"stoi": 1.0, "sdr": 2.0}, "u2": {"stoi": 3.0, "sdr": 5.0}},
        "b": {"u2": {"stoi": math.nan, "sdr": 1.0}, "u1": {"stoi": 4.0, "sdr": 0.0}},
        "other": {"u9": {"stoi": 0.0, "sdr": 0.0}},
    }
}


def test_scores_by_utterance():
    _, sdr = se_columns(SE, ["dt", "nowhere"], ["stoi", "sdr"], ["a", "b", "missing"])
    assert (sdr.set_name, sdr.measure, sdr.higher_is_better) == ("dt", "SDR [dB]", True)
    assert sdr.value("a") == 3.5 and sdr.value("b") == 0.5
    # System b has the utterances in a different order.
    np.testing.assert_array_equal(sdr.mean_difference([("a", "b"), ("b", "b")]), [1.0, 2.0])
    assert sdr.scored(["missing", "b"]) == ["b"]


def test_an_utterance_without_a_score_in_one_system_is_left_out_of_all():
    stoi, sdr = se_columns(SE, ["dt"], ["stoi", "sdr"], ["a", "b"])
    assert (stoi.undefined, sdr.undefined) == (1, 0)
    assert stoi.value("a") == 1.0 and stoi.value("b") == 4.0


def test_no_utterance_left():
    scores = {"dt": {"a": {"u1": {"stoi": math.nan}}}}
    (stoi,) = se_columns(scores, ["dt"], ["stoi"], ["a"])
    assert stoi.undefined == 1 and math.isnan(stoi.value("a"))


def test_different_utterances_are_rejected():
    with pytest.raises(UserError, match="^other and a: were scored on different utt.* of dt; "):
        se_columns(SE, ["dt"], ["sdr"], ["a", "other"])


def test_wer_weights_utterances_by_their_words():
    counts = {"et": {"a": {"u1": Counts(1, 1), "u2": Counts(5, 1, 2, 3)}}}
    (wer,) = wer_columns(counts, ["et"], ["a"])
    assert (wer.measure, wer.higher_is_better) == ("WER [%]", False)
    # 1 error in 2 words and 6 errors in 8 words.
    assert wer.value("a") == pytest.approx(70.0)


def test_different_texts_of_the_same_utterances_are_rejected():
    counts = {"et": {"a": {"u1": Counts(1, 1)}, "b": {"u1": Counts(1, 2)}}}
    with pytest.raises(UserError, match="b and a: .* texts of et"):
        wer_columns(counts, ["et"], ["a", "b"])
