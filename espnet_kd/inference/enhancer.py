"""Enhance utterances with a trained model; each output has the length and scale of its mixture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.waves import read_wave
from espnet_kd.distill.gain import match_gain
from espnet_kd.errors import UserError
from espnet_kd.inference.observation import ONLY_ENHANCED, ObservationWeight, add_observation
from espnet_kd.inference.utterances import Utterance

Inputs = dict[str, torch.Tensor]


class Enhancer:
    """Enhances batches of utterances.

    Args:
        model: an `ESPnetKDModel`; it is put into evaluation mode.
        tokenize: function from transcript to token ids; only text-informed models need it.
        device: device to compute on.
        keep_scale: return the model's output unchanged instead of at the scale of the mixture.
        observation_weight: weight of the enhanced signal in its sum with the mixture; see
            `add_observation`.

    Raises:
        ValueError: an observation is added to output whose scale is kept.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        tokenize: Callable[[str], Sequence[int]] | None = None,
        device: str = "cpu",
        keep_scale: bool = False,
        observation_weight: ObservationWeight = ONLY_ENHANCED,
    ):
        if keep_scale and observation_weight.adds:
            raise ValueError("observation_weight needs output at the scale of the mixture")
        self.model = model.to(device).eval()
        self.tokenize = tokenize
        self.device = device
        self.keep_scale = keep_scale
        self.observation_weight = observation_weight

    def __call__(self, batch: Sequence[Utterance]) -> list[np.ndarray]:
        """Read and enhance utterances.

        Args:
            batch: B utterances, of equal length if the model is not padding-invariant.

        Returns:
            B waveforms (T,), float32, each with the length of its utterance.
        """
        enhanced = self.compute(self.read(batch)).cpu().numpy()
        return [wave[: utt.num_samples] for utt, wave in zip(batch, enhanced, strict=True)]

    def read(self, batch: Sequence[Utterance], num_samples: int = 0) -> Inputs:
        """Read the model's inputs, into pinned memory if the model is on a GPU.

        Args:
            batch: B utterances, with `text` (and `align`) if the model takes them.
            num_samples: length to pad to, unless the longest utterance is longer.

        Raises:
            UserError: audio is bad, an utterance is too short for the model, or an alignment does
                not have as many points as the text has tokens.
        """
        length = max(num_samples, *(utt.num_samples for utt in batch))
        mixture = np.zeros((len(batch), length), dtype=np.float32)
        shortest = shortest_input(self.model.encoder)
        for utt, row in zip(batch, mixture, strict=True):
            row[: utt.num_samples] = read_wave(utt.wave, utt.num_samples)
            if utt.num_samples < shortest:
                raise UserError(
                    utt.wave,
                    f"has {utt.num_samples} samples, but the model needs {shortest}",
                    "leave the utterance out",
                )
        inputs = {
            "mixture": torch.from_numpy(mixture),
            "lengths": torch.tensor([utt.num_samples for utt in batch]),
            **self._conditions(batch),
        }
        if self.device == "cpu":
            return inputs
        with torch.cuda.device(self.device):  # threads do not inherit the current GPU
            return {name: value.pin_memory() for name, value in inputs.items()}

    @torch.inference_mode()
    def compute(self, inputs: Inputs) -> torch.Tensor:
        """Enhance a batch that was read by `read`.

        Returns:
            Waveforms (B, L) on `device`, float32, at the scale of the mixture unless `keep_scale`.
            A GPU may still be computing them.

        Raises:
            UserError: the batch does not fit into the GPU's memory.
        """
        inputs = {name: value.to(self.device, non_blocking=True) for name, value in inputs.items()}
        mixture, lengths = inputs.pop("mixture"), inputs.pop("lengths")
        try:
            enhanced, _ = self.model.enhance(mixture, lengths, **inputs)
        except torch.OutOfMemoryError:
            seconds = mixture.numel() / SAMPLE_RATE
            raise UserError(
                "--batch_seconds",
                f"a batch of {seconds:.0f} s does not fit into memory",
                "give less",
            ) from None
        if not self.keep_scale:
            enhanced = match_gain(enhanced.float(), mixture, lengths)
        if self.observation_weight.adds:
            enhanced = add_observation(enhanced, mixture, lengths, self.observation_weight)
        return enhanced.float()

    def _conditions(self, batch: Sequence[Utterance]) -> Inputs:
        if self.tokenize is None:
            return {}
        texts = [torch.tensor(self.tokenize(utt.text)) for utt in batch]
        conditions = {
            "text": pad_sequence(texts, batch_first=True),
            "text_lengths": torch.tensor([len(text) for text in texts]),
        }
        if all(utt.align is not None for utt in batch):
            for utt, text in zip(batch, texts, strict=True):
                if len(text) != len(utt.align):
                    raise UserError(
                        utt.name,
                        f"has {len(text)} characters but {len(utt.align)} alignment points",
                        "align the set again",
                    )
            aligns = [torch.tensor(utt.align) for utt in batch]
            conditions["align"] = pad_sequence(aligns, batch_first=True)
        return conditions


def shortest_input(encoder: torch.nn.Module) -> int:
    """Return the least number of samples that an ESPnet encoder takes."""
    if hasattr(encoder, "stft"):
        return encoder.stft.n_fft // 2 + 1  # the signal is mirrored at its ends
    return getattr(encoder, "kernel_size", 1)
