"""Token lists, tokenizers and text shapes."""

from __future__ import annotations

import pytest

from espnet_kd.data import tokens
from espnet_kd.errors import UserError

TEXTS = ["BAA BAB", "A <NOISE> C"]


def test_characters_by_frequency_between_the_special_symbols():
    assert tokens.char_token_list(TEXTS) == [
        *("<blank>", "<unk>"),
        *("A", "<space>", "B", "<NOISE>", "C"),
        "<sos/eos>",
    ]


def test_noise_is_listed_even_if_no_text_contains_it():
    assert tokens.char_token_list(["AB"])[-2:] == ["<NOISE>", "<sos/eos>"]


def test_shapes_count_tokens_and_unknown_tokens_are_returned():
    listed = tokens.char_token_list(["AB"])
    shapes, unknown = tokens.text_shapes(
        {"u": "A <NOISE> B", "v": "AZ"}, tokens.char_tokenizer(), listed
    )
    assert shapes == {"u": f"5,{len(listed)}", "v": f"2,{len(listed)}"}
    assert unknown == {"<space>", "Z"}


def test_a_sentence_is_tokenized_once_for_all_its_channels():
    cut = []
    text = {"u.CH1": "AB", "u.CH2": "AB", "v.CH1": "B"}
    shapes, _ = tokens.text_shapes(text, lambda line: cut.append(line) or list(line), ["A", "B"])
    assert cut == ["AB", "B"]
    assert shapes == {"u.CH1": "2,2", "u.CH2": "2,2", "v.CH1": "1,2"}


def test_the_token_list_and_the_symbols_are_written(tmp_path):
    tokens.write_token_list(tmp_path / "char/tokens.txt", ["<blank>", "A"])
    assert (tmp_path / "char/tokens.txt").read_text() == "<blank>\nA\n"
    assert (tmp_path / "char/nlsyms.txt").read_text() == "<NOISE>\n"


def test_bpe_pieces_cover_the_text_and_keep_noise_whole(tmp_path):
    texts = [f"THE {a} {b} <NOISE>" for a in ("MAYOR", "BANK") for b in ("SPOKE", "FELL", "ROSE")]
    listed = tokens.train_bpe(texts, 40, tmp_path / "bpe.model")
    assert (listed[:2], listed[-1], len(set(listed))) == (["<blank>", "<unk>"], "<sos/eos>", 40)
    cut = tokens.bpe_tokenizer(tmp_path / "bpe.model")
    shapes, unknown = tokens.text_shapes({"u": texts[0]}, cut, listed)
    assert unknown == set() and shapes["u"].endswith(",40")
    assert "<NOISE>" in cut(texts[0]) and len(cut(texts[0])) < len(texts[0])


@pytest.mark.parametrize("size", [5, 5000])
def test_an_impossible_vocabulary(tmp_path, size):
    with pytest.raises(UserError, match=f"--nbpe: {size} pieces"):
        tokens.train_bpe(["THE MAYOR SPOKE"], size, tmp_path / "bpe.model")
    assert list(tmp_path.iterdir()) == []
