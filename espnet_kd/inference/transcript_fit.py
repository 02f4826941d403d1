"""How well a recording explains its transcript, by the CTC of a trained recognizer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from espnet_kd.enh.ctc_words import BLANK
from espnet_kd.inference.batches import equal_length_batches
from espnet_kd.inference.ctc import CTCModel
from espnet_kd.inference.fork import fork_map
from espnet_kd.inference.utterances import Utterance


def transcript_fits(
    utterances: Sequence[Utterance], ctc: CTCModel, nj: int, title: str
) -> dict[str, float]:
    """Return the log likelihood per token of each transcript, given the audio.

    Args:
        utterances: utterances with `text`.
        ctc: recognizer that judges.
        nj: number of processes; ignored on a GPU.
        title: name of the work for the progress display.

    Returns:
        Utterance id -> log likelihood per token; -inf if the audio is too short for the text or the
        recognizer.
    """

    def work(batch: Sequence[Utterance]) -> list[tuple[str, float]]:
        posteriors = ctc.log_posteriors(batch)
        return [
            (utt.name, log_likelihood(frames, ctc.token_ids(utt.text)))
            for utt, frames in zip(batch, posteriors, strict=True)
        ]

    batches = [batch.utterances for batch in equal_length_batches(utterances)]
    results = fork_map(work, batches, nj if ctc.device == "cpu" else 1, title)
    return dict(pair for batch in results for pair in batch)


def log_likelihood(frames: torch.Tensor, tokens: Sequence[int]) -> float:
    """Return the CTC log likelihood per token, over all paths; -inf if there is no path.

    Args:
        frames: log posteriors (T, V).
        tokens: U token ids.
    """
    if not len(frames):
        return -math.inf
    loss = torch.nn.functional.ctc_loss(
        frames[:, None],
        torch.tensor([tokens]),
        torch.tensor([len(frames)]),
        torch.tensor([len(tokens)]),
        blank=BLANK,
        reduction="sum",
    )
    return -loss.item() / max(1, len(tokens))
