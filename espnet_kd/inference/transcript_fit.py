"""How well a recording explains its transcript, by the CTC of a trained recognizer."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

import numpy as np
import torch

from espnet_kd.data.tokens import bpe_tokenizer, char_tokenizer
from espnet_kd.data.waves import read_wave
from espnet_kd.enh.recognizer import Recognizer
from espnet_kd.errors import UserError
from espnet_kd.inference.batches import equal_length_batches
from espnet_kd.inference.fork import fork_map
from espnet_kd.inference.utterances import Utterance

BLANK = 0


class TranscriptFit:
    """Log likelihood per token of a transcript, given the audio.

    Args:
        model: an `ESPnetASRModel` with CTC; it is put into evaluation mode.
        args: training arguments of the model.
        device: device to compute on.

    Raises:
        UserError: the model has no CTC output, or another token type than char or bpe.
    """

    def __init__(self, model: torch.nn.Module, args: Namespace, device: str = "cpu"):
        if args.token_type not in ("char", "bpe"):
            raise UserError("token_type", f"is '{args.token_type}'", "use a char or bpe model")
        if model.ctc is None:
            raise UserError("ctc_weight", "is 0: the model has no CTC", "train it with CTC")
        from espnet2.text.token_id_converter import TokenIDConverter

        self.recognizer = Recognizer(model.to(device)).eval()
        self.device = device
        is_char = args.token_type == "char"
        self._tokenize = char_tokenizer() if is_char else bpe_tokenizer(args.bpemodel)
        self._converter = TokenIDConverter(args.token_list)

    @torch.inference_mode()
    def __call__(self, batch: Sequence[Utterance]) -> list[tuple[str, float]]:
        """Compute the log likelihoods of utterances of equal length.

        Args:
            batch: B utterances with `text`.

        Returns:
            Id and log likelihood per token of each; -inf if the audio is too short for the text.
        """
        waves = np.stack([read_wave(utt.wave, utt.num_samples) for utt in batch])
        lengths = torch.full((len(batch),), waves.shape[1], device=self.device)
        latents, frames = self.recognizer.encode(torch.from_numpy(waves).to(self.device), lengths)
        log_probs = self.recognizer.ctc_log_probs(latents).float().cpu()
        results = []
        for utt, row, count in zip(batch, log_probs, frames.tolist(), strict=True):
            tokens = self._converter.tokens2ids(self._tokenize(utt.text))
            loss = torch.nn.functional.ctc_loss(
                row[:count, None],
                torch.tensor([tokens]),
                torch.tensor([count]),
                torch.tensor([len(tokens)]),
                blank=BLANK,
                reduction="sum",
            )
            results.append((utt.name, -loss.item() / max(1, len(tokens))))
        return results


def transcript_fits(
    utterances: Sequence[Utterance], fit: TranscriptFit, nj: int, title: str
) -> dict[str, float]:
    """Return the log likelihood per token of each utterance.

    Args:
        utterances: utterances with `text`.
        fit: computes it.
        nj: number of processes; ignored on a GPU.
        title: name of the work for the progress display.
    """
    batches = [batch.utterances for batch in equal_length_batches(utterances)]
    results = fork_map(fit, batches, nj if fit.device == "cpu" else 1, title)
    return dict(pair for batch in results for pair in batch)
