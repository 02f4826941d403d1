"""Greedy CTC decoding of batches: much faster than the joint beam search, and less accurate."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

import torch

from espnet_kd.enh.ctc_words import CTCWords
from espnet_kd.inference.batches import equal_length_batches
from espnet_kd.inference.ctc import CTCModel
from espnet_kd.inference.fork import fork_map
from espnet_kd.inference.utterances import Utterance
from espnet_kd.naming import first_few


class GreedyDecoder:
    """The best token of each frame of a stock ESPnet recognizer's CTC, without language model.

    For arguments and errors, see `CTCModel`.
    """

    def __init__(self, model: torch.nn.Module, args: Namespace, device: str = "cpu"):
        self.ctc = CTCModel(model, args, device)
        self.words = CTCWords(args)

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
            (utt.name, self.words.of_path(frames.argmax(1)) if len(frames) else None)
            for utt, frames in posteriors
        ]


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
