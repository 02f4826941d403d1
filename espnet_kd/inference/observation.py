"""Observation adding: part of the noisy signal is mixed back into the enhanced one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from espnet_kd.errors import UserError

if TYPE_CHECKING:  # parts of a command that only read the weight do not load torch
    import numpy as np
    import torch

TINY = 1e-30  # keeps silence from being divided by itself

FORMS = "a number from 0 to 1, or e.g. snr10 for a weight by the estimated SNR"


@dataclass(frozen=True)
class ObservationWeight:
    """Weight of the enhanced signal in its sum with the mixture.

    Attributes:
        constant: weight of every utterance; 1 for the enhanced signal alone, 0 for the mixture.
        even_snr: if given, the weight of an utterance depends on its SNR instead: it is 1/2 at this
            SNR in dB, more for noisier speech and less for cleaner speech. The SNR is that of the
            model's own estimate, so no reference is needed.
    """

    constant: float = 1.0
    even_snr: float | None = None

    @classmethod
    def parse(cls, text: str) -> ObservationWeight:
        """Read `0.7` or `snr10`.

        Raises:
            UserError: it is neither.
        """
        if re.fullmatch(r"snr-?\d+(\.\d+)?", text):
            return cls(even_snr=float(text[len("snr") :]))
        try:
            constant = float(text)
        except ValueError:
            constant = -1.0
        if not 0 <= constant <= 1:
            raise UserError("--observation_weight", f"is {text}", f"give {FORMS}")
        return cls(constant)

    def __str__(self) -> str:
        """Return the form that `parse` reads."""
        return f"{self.constant:g}" if self.even_snr is None else f"snr{self.even_snr:g}"

    @property
    def adds(self) -> bool:
        """Whether it changes the enhanced signal."""
        return self.even_snr is not None or self.constant != 1

    def of(self, enhanced: torch.Tensor, mixture: torch.Tensor) -> torch.Tensor:
        """Return the weight of each utterance.

        With SNR = 10 log10(|e|^2 / |x - e|^2) of the estimate e in the mixture x, and s the
        `even_snr`, it is 1 / (1 + 10^((SNR - s) / 20)). The form is ours; that cleaner speech
        should keep more of the mixture is from Wang et al., "Bridging the gap: Integrating
        pre-trained speech enhancement and recognition models for robust speech recognition",
        2024, arXiv:2406.12699.

        Args:
            enhanced: (B, L) at the level of the mixture, zero in the padding.
            mixture: (B, L), zero in the padding.

        Returns:
            (B, 1).
        """
        speech = enhanced.square().sum(dim=1, keepdim=True).sqrt()
        noise = (mixture - enhanced).square().sum(dim=1, keepdim=True).sqrt()
        return self.of_levels(speech, noise)

    def of_levels(
        self, speech: torch.Tensor | np.ndarray, noise: torch.Tensor | np.ndarray
    ) -> torch.Tensor | np.ndarray:
        """Return the weight for estimates whose levels are known; see `of`.

        Args:
            speech: norm |e| of each estimate, of any shape.
            noise: norm |x - e| of what the estimate leaves.

        Returns:
            The weights, of the same shape.
        """
        if self.even_snr is None:
            return 0 * speech + self.constant
        noise = noise * 10 ** (self.even_snr / 20)
        return noise / (noise + speech + TINY)


ONLY_ENHANCED = ObservationWeight()


def add_observation(
    enhanced: torch.Tensor,
    mixture: torch.Tensor,
    lengths: torch.Tensor,
    weight: ObservationWeight,
) -> torch.Tensor:
    """Compute weight * enhanced + (1 - weight) * mixture.

    The artifacts of an enhancement harm recognizers more than the remaining noise (Iwamoto et al.,
    "How bad are artifacts?", Interspeech 2022, arXiv:2201.06685). The paper adds the observation to
    the estimate; this convex form is the same signal up to a gain. It needs an estimate at the
    level of the mixture, and then keeps the level of the speech.

    Args:
        enhanced: (B, L), at the level of the mixture; see `match_gain`.
        mixture: (B, L).
        lengths: (B,) valid samples.
        weight: weight of `enhanced`.

    Returns:
        (B, L), zero after `lengths`.
    """
    from espnet_kd.distill.gain import zero_padding

    enhanced, mixture = zero_padding(enhanced, lengths), zero_padding(mixture, lengths)
    return mixture.lerp(enhanced, weight.of(enhanced, mixture))
