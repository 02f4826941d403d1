"""Greedy CTC decoding of batches: much faster than the joint beam search, and less accurate."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

import torch

from espnet_kd.inference.batches import equal_length_batches
from espnet_kd.inference.ctc import BLANK, CTCModel
from espnet_kd.inference.fork import fork_map
from espnet_kd.inference.utterances import Utterance
from espnet_kd.naming import first_few


class GreedyDecoder:
    """The best token of each frame of a stock ESPnet recognizer's CTC, without language model.

    For arguments and errors, see `CTCModel`.
    """

    def __init__(self, model: torch.nn.Module, args: Namespace, device: str = "cpu"):
        self.ctc = CTCModel(model, args, device)
        from espnet2.text.build_tokenizer import build_tokenizer

        self._tokenizer = build_tokenizer(token_type=args.token_type, bpemodel=args.bpemodel)

    def __call__(self, batch: Sequence[Utterance]) -> list[tuple[str, str | None]]:
        """Recognize utterances of equal length.

        Args:
            batch: B utterances.

        Returns:
            Id and words of each; no words if nothing is recognized, and None if the utterances are
            too short for the recognizer.
        """
        posteriors = zip(batch, self.ctc.log_posteriors(batch), strict=True)
        return [
            (utt.name, self.words(frames.argmax(1)) if len(frames) else None)
            for utt, frames in posteriors
        ]

    def words(self, path: torch.Tensor) -> str:
        """Return the words of a CTC path (T,)."""
        return self.text_of(collapse(path))

    def text_of(self, tokens: list[int]) -> str:
        """Return the words of token ids."""
        if not tokens:
            return ""
        return self._tokenizer.tokens2text(self.ctc.converter.ids2tokens(tokens))


def collapse(path: torch.Tensor) -> list[int]:
    """Merge repeated tokens of a CTC path (T,), then leave out blanks (Graves et al. 2006)."""
    return [token for token in path.unique_consecutive().tolist() if token != BLANK]


def decode_set(
    utterances: Sequence[Utterance], decoder: GreedyDecoder, nj: int, title: str
) -> dict[str, str]:
    """Recognize a set.

    Args:
        utterances: utterances to recognize.
        decoder: decoder to use.
        nj: number of processes; ignored on a GPU.
        title: name of the work for the progress display.

    Returns:
        The words of each utterance, by id; none for one that is too short for the recognizer, and a
        warning counts these.
    """
    batches = [batch.utterances for batch in equal_length_batches(utterances)]
    results = fork_map(decoder, batches, nj if decoder.ctc.device == "cpu" else 1, title)
    texts = {name: words for batch in results for name, words in batch}
    short = [name for name, words in texts.items() if words is None]
    if short:
        print(
            f"warning: {title}: {len(short)} of {len(texts)} utterances are too short for the "
            f"recognizer, their text is empty: {first_few(sorted(short))}",
            file=sys.stderr,
        )
    return {name: words or "" for name, words in texts.items()}
