"""A trained ESPnet recognizer for losses: waveforms in, latents and CTC posteriors out."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from espnet_kd.distill.gain import zero_padding
from espnet_kd.host import name_short_signals, too_short_error

LAST = -1  # the output of the encoder, after its final norm


class Recognizer(nn.Module):
    """Latents and CTC posteriors of an ESPnetASRModel, differentiable down to the waveform.

    Args:
        model: `ESPnetASRModel` in evaluation mode.
        checksum: SHA-256 of its checkpoint, to check files that fit only one recognizer.
    """

    def __init__(self, model: nn.Module, checksum: str | None = None):
        super().__init__()
        name_short_signals()
        self.model = model
        self.checksum = checksum

    def encode(
        self, waves: torch.Tensor, lengths: torch.Tensor, layer: int = LAST
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a batch in the precision of the weights, even under autocast.

        Half precision would lose the floor of the log-mel energies.

        Args:
            waves: (B, L) at the sampling rate and level of the recognizer's training data.
            lengths: (B,) valid samples.
            layer: number of the encoder block, from 0, whose output to return; LAST for the output
                of the encoder.

        Returns:
            Latents (B, T', D), and the number of latents (B,); T' is 0 if the batch is too short
            for the recognizer.

        Raises:
            ValueError: the encoder has no such block.
        """
        blocks: list[torch.Tensor] = []
        hook = None if layer == LAST else self._block(layer).register_forward_hook(_keep_in(blocks))
        waves = zero_padding(waves, lengths).to(next(self.model.parameters()).dtype)
        try:
            with torch.autocast(waves.device.type, enabled=False):
                encoded, frames = self.model.encode(waves, lengths)
        except too_short_error():
            size = self.model.encoder.output_size()
            return waves.new_zeros(len(waves), 0, size), torch.zeros_like(lengths)
        finally:
            if hook is not None:
                hook.remove()
        return blocks[0] if blocks else _first_tensor(encoded), frames

    def ctc_log_probs(self, latents: torch.Tensor) -> torch.Tensor:
        """Log posteriors of the tokens and the blank.

        Args:
            latents: (B, T', D), the output of the encoder.

        Returns:
            (B, T', V).

        Raises:
            ValueError: the recognizer has no CTC.
        """
        if self.model.ctc is None:
            raise ValueError("the recognizer has no CTC; train it with ctc_weight above 0")
        return self.model.ctc.log_softmax(latents)

    def _block(self, layer: int) -> nn.Module:
        blocks = getattr(self.model.encoder, "encoders", ())
        if not 0 <= layer < len(blocks):
            raise ValueError(
                f"layer is {layer}, but the encoder has {len(blocks)} numbered blocks; "
                f"use {LAST} for its output"
            )
        return blocks[layer]


def _keep_in(outputs: list[torch.Tensor]):
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        outputs.append(_first_tensor(output))

    return hook


def _first_tensor(value: Any) -> torch.Tensor:
    # Blocks return ((latents, positions), mask); an encoder with intermediate CTC returns a tuple.
    while isinstance(value, tuple):
        value = value[0]
    return value
