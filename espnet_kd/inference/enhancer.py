"""Enhance utterances with a trained model: same length, same scale, same samples in any batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from espnet_kd.distill.gain import match_gain
from espnet_kd.errors import UserError
from espnet_kd.inference.audio import read_wave
from espnet_kd.inference.utterances import Utterance


class Enhancer:
    """Speech enhancement of batches of equally long utterances.

    Args:
        model: an `ESPnetKDModel` in evaluation mode.
        tokenize: transcript to token ids; needed by text-informed models only.
        device: where to work.
        keep_scale: give the model's output as it is, instead of at the scale of the mixture.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        tokenize: Callable[[str], Sequence[int]] | None = None,
        device: str = "cpu",
        keep_scale: bool = False,
    ):
        self.model = model.to(device).eval()
        self.tokenize = tokenize
        self.device = device
        self.keep_scale = keep_scale

    @torch.inference_mode()
    def __call__(self, batch: Sequence[Utterance]) -> np.ndarray:
        """Enhance utterances of equal length.

        Args:
            batch: B utterances of T samples; with `text` (and `align`) if the model takes them.

        Returns:
            Waveforms (B, T), float32, at the scale of the mixture unless `keep_scale`.

        Raises:
            UserError: bad audio, or an utterance too short for the model.
        """
        waves = [read_wave(utt.wave, utt.num_samples) for utt in batch]
        mixture = torch.from_numpy(np.stack(waves)).to(self.device)
        lengths = torch.full((len(batch),), mixture.shape[1], device=self.device)
        shortest = getattr(self.model.encoder, "kernel_size", 1)
        if mixture.shape[1] < shortest:
            raise UserError(
                batch[0].wave,
                f"has {mixture.shape[1]} samples, the model needs {shortest}",
                "leave the utterance out",
            )
        enhanced, _ = self.model.enhance(mixture, lengths, **self._conditions(batch))
        if not self.keep_scale:
            enhanced = match_gain(enhanced, mixture, lengths)
        return enhanced.float().cpu().numpy()

    def _conditions(self, batch: Sequence[Utterance]) -> dict[str, torch.Tensor]:
        if self.tokenize is None:
            return {}
        texts = [torch.tensor(self.tokenize(utt.text)) for utt in batch]
        conditions = {
            "text": pad_sequence(texts, batch_first=True),
            "text_lengths": torch.tensor([len(text) for text in texts]),
        }
        if all(utt.align is not None for utt in batch):
            aligns = [torch.tensor(utt.align) for utt in batch]
            for utt, text in zip(batch, texts, strict=True):
                if len(text) != len(utt.align):
                    raise UserError(
                        utt.name,
                        f"has {len(text)} characters but {len(utt.align)} alignment points",
                        "align the set again",
                    )
            conditions["align"] = pad_sequence(aligns, batch_first=True)
        return {name: value.to(self.device) for name, value in conditions.items()}
