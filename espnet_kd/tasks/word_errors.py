"""Word errors on the validation set, so that a training can choose its epoch by them."""

from __future__ import annotations

import argparse

import torch
from torch import nn
from torchaudio.functional import edit_distance

from espnet_kd.distill.frozen import Frozen
from espnet_kd.distill.gain import match_gain
from espnet_kd.enh.batch import Batch
from espnet_kd.enh.ctc_words import CTCWords
from espnet_kd.enh.kd_model import WORD_ERRORS, ESPnetKDModel
from espnet_kd.enh.recognizer import Recognizer
from espnet_kd.errors import UserError
from espnet_kd.tasks.token_list import token_list
from espnet_kd.tasks.trained import load_asr_model


class WordErrors(nn.Module):
    """Number of word errors of a frozen recognizer in the enhanced speech, per utterance.

    The mean over a set is its WER times a constant, so both rank epochs alike. (A mean of the WER
    of each utterance would not.)

    Args:
        recognizer: a recognizer with CTC.
        words: its words; its token ids are those of the batches.
    """

    def __init__(self, recognizer: Recognizer, words: CTCWords):
        super().__init__()
        self.recognizer = Frozen(recognizer)
        self.words = words

    @torch.no_grad()
    def forward(self, enhanced: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Recognize a batch.

        Args:
            enhanced: (B, L), of any level; it is scaled to that of the mixture, as when enhanced
                files are written.
            batch: the batch, with its transcripts.

        Returns:
            (B,).
        """
        recognizer = self.recognizer.module
        speech = match_gain(enhanced.float(), batch.mixture, batch.lengths)
        latents, frames = recognizer.encode(speech, batch.lengths)
        paths = recognizer.ctc_log_probs(latents).argmax(2)
        texts = zip(batch.text.tolist(), batch.text_lengths.tolist(), strict=True)
        references = [self.words.of_tokens(ids[:length]) for ids, length in texts]
        found = [self.words.of_path(path[:n]) for path, n in zip(paths, frames, strict=True)]
        errors = [
            edit_distance(wanted.split(), given.split())
            for wanted, given in zip(references, found, strict=True)
        ]
        return speech.new_tensor(errors)


def add_word_errors(model: ESPnetKDModel, args: argparse.Namespace) -> None:
    """Let the model count word errors in validation if a criterion of the training asks for it.

    Raises:
        UserError: the recognizer or the transcripts are missing, or have other tokens.
    """
    criteria = (*args.best_model_criterion, args.val_scheduler_criterion)
    if not any((part, measure) == ("valid", WORD_ERRORS) for part, measure, *_ in criteria):
        return
    for name in ("kd_asr_config", "kd_asr_checkpoint"):
        if getattr(args, name) is None:
            problem = f"is missing, but '{WORD_ERRORS}' is to choose the epoch"
            raise UserError(f"--{name}", problem, "name a trained recognizer with CTC")
    data = args.valid_data_path_and_name_and_type
    if data and "text" not in {name for _, name, _ in data}:
        raise UserError(
            "--valid_data_path_and_name_and_type",
            f"has no 'text', but '{WORD_ERRORS}' is to choose the epoch",
            "add <set>/text,text,text",
        )
    recognizer, trained = load_asr_model(args.kd_asr_config, args.kd_asr_checkpoint)
    if recognizer.ctc is None:
        raise UserError(args.kd_asr_config, "has no CTC", "train the recognizer with ctc_weight")
    if args.token_list is None or token_list(args) != trained.token_list:
        raise UserError(
            "--token_list", "is not the recognizer's", "give the list that it was trained with"
        )
    model.word_errors = WordErrors(Recognizer(recognizer), CTCWords(trained))
