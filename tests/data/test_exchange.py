"""Exchanging transcripts between utterances."""

from __future__ import annotations

import pytest

from espnet_kd.data.exchange import exchanged_text
from espnet_kd.errors import UserError


def test_transcripts_come_from_utterances_of_similar_length():
    text = {f"u{n:02d}": f"W{n} X{n}" for n in range(40)}
    lengths = {utterance: 1000 * n for n, utterance in enumerate(text)}
    source = {words: utterance for utterance, words in text.items()}
    exchanged = exchanged_text(text, lengths, "text")
    assert exchanged.keys() == text.keys()
    for utterance, words in exchanged.items():
        assert words != text[utterance]
        assert abs(lengths[source[words]] - lengths[utterance]) <= 8000
    reordered = dict(reversed(text.items()))
    assert exchanged == exchanged_text(reordered, lengths, "text")


def test_the_least_similar_neighbor_is_taken():
    text = {"a": "RED CAT", "b": "RED DOG", "c": "BIG TREE"}
    assert exchanged_text(text, {"a": 100, "b": 101, "c": 150}, "text")["a"] == "BIG TREE"


def test_the_same_sentence_in_other_environments_is_not_taken():
    text = {"a_BUS": "ONE", "a_CAF": "ONE", "a_PED": "ONE", "b_BUS": "TWO"}
    lengths = {"a_BUS": 10, "a_CAF": 10, "a_PED": 10, "b_BUS": 900}
    assert set(exchanged_text(text, lengths, "text").values()) == {"ONE", "TWO"}
    assert exchanged_text(text, lengths, "text")["a_CAF"] == "TWO"


def test_a_single_sentence_cannot_be_exchanged():
    with pytest.raises(UserError, match="^text: all 2 transcripts are the same"):
        exchanged_text({"a": "ONE", "b": "ONE"}, {"a": 1, "b": 2}, "text")


def test_the_same_words_in_another_order_are_taken_if_nothing_else_exists():
    text = {"a_BUS": "RED CAT", "a_CAF": "RED CAT", "b": "CAT RED"}
    lengths = {"a_BUS": 10, "a_CAF": 10, "b": 20}
    assert exchanged_text(text, lengths, "text")["a_BUS"] == "CAT RED"
