"""A stock recognizer's CTC: transcripts to token ids, audio to log posteriors."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

import numpy as np
import torch

from espnet_kd.data.tokens import bpe_tokenizer, char_tokenizer
from espnet_kd.data.waves import read_wave
from espnet_kd.enh.recognizer import Recognizer
from espnet_kd.errors import UserError
from espnet_kd.inference.utterances import Utterance


class CTCModel:
    """A trained recognizer with CTC over char or bpe tokens.

    Args:
        model: an `ESPnetASRModel`; it is put into evaluation mode.
        args: training arguments of the model.
        device: device to compute on.

    Raises:
        UserError: the model has no CTC output, or another token type.
    """

    def __init__(self, model: torch.nn.Module, args: Namespace, device: str = "cpu"):
        if args.token_type not in ("char", "bpe"):
            raise UserError("token_type", f"is '{args.token_type}'", "use a char or bpe model")
        if model.ctc is None:
            raise UserError("ctc_weight", "is 0: the model has no CTC", "train it with CTC")
        from espnet2.text.token_id_converter import TokenIDConverter

        self.recognizer = Recognizer(model.to(device)).eval()
        self.device = device
        self.converter = TokenIDConverter(args.token_list)
        is_char = args.token_type == "char"
        self._tokenize = char_tokenizer() if is_char else bpe_tokenizer(args.bpemodel)

    def token_ids(self, text: str) -> list[int]:
        """Return the token ids of a transcript."""
        return self.converter.tokens2ids(self._tokenize(text))

    @torch.inference_mode()
    def log_posteriors(self, batch: Sequence[Utterance]) -> list[torch.Tensor]:
        """Read utterances of equal length, and return the log posteriors of each, (T, V).

        T is 0 if they are too short for the recognizer.
        """
        waves = np.stack([read_wave(utt.wave, utt.num_samples) for utt in batch])
        lengths = torch.full((len(batch),), waves.shape[1], device=self.device)
        latents, _ = self.recognizer.encode(torch.from_numpy(waves).to(self.device), lengths)
        return list(self.recognizer.ctc_log_probs(latents).float().cpu())
