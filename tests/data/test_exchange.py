from __future__ import annotations

import pytest

from espnet_kd.data.exchange import exchanged_text
from espnet_kd.errors import UserError


def test_others_words_of_similar_length():
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


def test_the_least_similar_of_the_near_ones_is_taken():
    text = {"a": "RED CAT", "b": "RED DOG", "c": "BIG TREE"}
    assert exchanged_text(text, {"a": 100, "b": 101, "c": 150}, "text")["a"] == "BIG TREE"


def test_the_same_sentence_in_four_places_is_not_taken():
    text = {"a_BUS": "ONE", "a_CAF": "ONE", "a_PED": "ONE", "b_BUS": "TWO"}
    lengths = {"a_BUS": 10, "a_CAF": 10, "a_PED": 10, "b_BUS": 900}
    assert set(exchanged_text(text, lengths, "text").values()) == {"ONE", "TWO"}
    assert exchanged_text(text, lengths, "text")["a_CAF"] == "TWO"


def test_one_sentence_alone_cannot_be_exchanged():
    with pytest.raises(UserError, match="^text: all 2 transcripts are the same"):
        exchanged_text({"a": "ONE", "b": "ONE"}, {"a": 1, "b": 2}, "text")


def test_the_same_words_in_another_order_are_better_than_the_same_sentence():
    text = {"a_BUS": "RED CAT", "a_CAF": "RED CAT", "b": "CAT RED"}
    lengths = {"a_BUS": 10, "a_CAF": 10, "b": 20}
    assert exchanged_text(text, lengths, "text")["a_BUS"] == "CAT RED"
