"""Make token lists and text shape files in ESPnet's formats."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import sentencepiece
from espnet2.text.char_tokenizer import CharTokenizer
from espnet2.text.sentencepiece_tokenizer import SentencepiecesTokenizer

from espnet_kd.data.spool import blocks
from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path, iterate_columns, write_lines

NON_LINGUISTIC = ("<NOISE>",)
FIRST_SYMBOLS = ("<blank>", "<unk>")
LAST_SYMBOL = "<sos/eos>"
BLOCK = 1000  # texts processed together; a sentence occurs once per channel

Tokenize = Callable[[str], list[str]]


def char_tokenizer() -> Tokenize:
    """Return ESPnet's tokenizer into characters, `<space>`, and whole non-linguistic symbols."""
    return CharTokenizer(non_linguistic_symbols=NON_LINGUISTIC).text2tokens


def bpe_tokenizer(model: str | Path) -> Tokenize:
    """Return the tokenizer of a trained sentencepiece model."""
    return SentencepiecesTokenizer(model).text2tokens


def char_token_list(texts: Iterable[str]) -> list[str]:
    """Return ESPnet's token list with all characters of the texts, the most frequent first."""
    tokenize = char_tokenizer()
    counts: Counter[str] = Counter()
    for block in blocks(texts, BLOCK):
        for text, times in Counter(block).items():
            for token in tokenize(text):
                counts[token] += times
    # Always include <NOISE>, so that a list made from simulated sets also covers recorded ones.
    for symbol in NON_LINGUISTIC:
        counts.setdefault(symbol, 0)
    by_frequency = sorted(counts, key=lambda token: (-counts[token], token))
    return [*FIRST_SYMBOLS, *by_frequency, LAST_SYMBOL]


def train_bpe(texts: Iterable[str], vocabulary: int, model: Path) -> list[str]:
    """Train a sentencepiece BPE model and write it to `model`.

    All distinct texts are in memory, as they are in sentencepiece.

    Returns:
        The model's token list in ESPnet's format.

    Raises:
        UserError: the texts yield fewer pieces than `vocabulary`, or need more.
    """
    with tempfile.TemporaryDirectory() as directory:
        prefix = Path(directory) / "bpe"
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sorted(set(texts))),
                model_prefix=str(prefix),
                vocab_size=vocabulary,
                model_type="bpe",
                character_coverage=1.0,
                user_defined_symbols=list(NON_LINGUISTIC),
                minloglevel=2,
            )
        except RuntimeError as error:
            raise UserError(
                "--nbpe", f"{vocabulary} pieces: {error}", "choose another size"
            ) from None
        with atomic_path(model) as temporary:
            temporary.write_bytes(prefix.with_suffix(".model").read_bytes())
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(model))
    control = ("<unk>", "<s>", "</s>")
    names = map(pieces.id_to_piece, range(pieces.get_piece_size()))
    return [*FIRST_SYMBOLS, *(name for name in names if name not in control), LAST_SYMBOL]


def write_token_list(path: Path, tokens: Sequence[str]) -> None:
    """Write `tokens.txt`, and next to it `nlsyms.txt` with the non-linguistic symbols."""
    write_lines(path, tokens)
    write_lines(path.with_name("nlsyms.txt"), NON_LINGUISTIC)


def text_shapes(
    text: Mapping[str, str], tokenize: Tokenize, tokens: Sequence[str]
) -> tuple[dict[str, str], set[str]]:
    """Return a text's shapes, `<tokens>,<size of the list>`, and the tokens not in the list."""
    known, unknown, shapes = set(tokens), set(), {}
    shape_of: dict[str, str] = {}  # a sentence occurs in many channels and speeds
    for utterance, line in text.items():
        if line not in shape_of:
            pieces = tokenize(line)
            unknown.update(set(pieces) - known)
            shape_of[line] = f"{len(pieces)},{len(tokens)}"
        shapes[utterance] = shape_of[line]
    return shapes, unknown


def read_texts(paths: Iterable[Path]) -> Iterator[str]:
    """Yield all transcripts of several `text` files."""
    return (text for path in paths for _, text in iterate_columns(path))
