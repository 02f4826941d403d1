"""Conv-TasNet separator whose output does not depend on padding."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from espnet2.enh.layers.complex_utils import is_complex
from espnet2.enh.separator.tcn_separator import TCNSeparator

from espnet_kd.enh.layers.masked_tcn import mask_padding
from espnet_kd.enh.layers.masks import padding_mask
from espnet_kd.enh.layers.past import Past


class MaskedTCNSeparator(TCNSeparator):
    """ESPnet's TCNSeparator for padded batches.

    Parameters, their initial values and, without padding, the output are those of ESPnet, so
    weights can be loaded from either class into the other.

    Args:
        input_dim: width N of the encoder code.
        conf: other arguments of TCNSeparator.
    """

    padding_invariant = True

    def __init__(self, input_dim: int, **conf):
        super().__init__(input_dim, **conf)
        mask_padding(self.tcn)

    def forward(
        self,
        input: torch.Tensor,
        ilens: torch.Tensor | None,
        additional: dict | None = None,
    ) -> tuple[list[torch.Tensor], torch.Tensor | None, OrderedDict]:
        """Estimate the masked code.

        Args:
            input: (B, T, N) encoder code, real or complex.
            ilens: (B,) valid frames; None if all are valid.
            additional: not used.

        Returns:
            [(B, T, N)], one per speaker, with zeros in the padding; `ilens`; `mask_spk1`, ...
            (B, T, N), and `noise1` with `predict_noise`.
        """
        input = without_padding(input, ilens)
        return self.apply_masks(input, abs(input) if is_complex(input) else input, ilens)

    @property
    def why_offline(self) -> str:
        """Why the model cannot `stream`; empty if it can."""
        return self.tcn.looks_ahead

    def stream(self, code: torch.Tensor, past: Past) -> torch.Tensor:
        """Estimate the next frames of the masked code of the first speaker.

        Args:
            code: (B, T, N), real or complex.
            past: caches of the frames before.

        Returns:
            (B, T, N).
        """
        feature = abs(code) if is_complex(code) else code
        mask = self.tcn.stream(feature.transpose(1, 2), past)[:, 0].transpose(1, 2)
        return code * mask if self.masking else mask

    def estimate(self, spectrum: torch.Tensor, past: Past) -> torch.Tensor:
        """Estimate the mask of the next frames of a spectrum, in real numbers (for an export).

        Args:
            spectrum: (B, 2, F, T), real and imaginary part.
            past: caches of the frames before.

        Returns:
            (B, 2, F, T), to be multiplied with the spectrum as complex numbers; the imaginary part
            is zero.
        """
        mask = self.tcn.stream(spectrum.square().sum(dim=1).sqrt(), past)[:, 0]
        return torch.stack([mask, torch.zeros_like(mask)], dim=1)

    def apply_masks(
        self,
        code: torch.Tensor,
        feature: torch.Tensor,
        ilens: torch.Tensor | None,
        condition: Callable[[int, torch.Tensor], torch.Tensor] | None = None,
    ) -> tuple[list[torch.Tensor], torch.Tensor | None, OrderedDict]:
        """Estimate masks from a feature and apply them to the code.

        Args:
            code: (B, T, N), zeros in the padding.
            feature: (B, T, N), real.
            ilens: (B,) valid frames; None if all are valid.
            condition: see `MaskedTemporalConvNet.forward`.

        Returns:
            As in `forward`.
        """
        frames = ilens
        if frames is None:
            frames = torch.full(feature.shape[:1], feature.size(1), device=feature.device)
        masks = self.tcn(feature.transpose(1, 2), frames, condition).transpose(2, 3).unbind(dim=1)
        noise = masks[self.num_spk :]
        masks = masks[: self.num_spk]
        masked = [code * mask if self.masking else without_padding(mask, ilens) for mask in masks]
        others = OrderedDict((f"mask_spk{i + 1}", mask) for i, mask in enumerate(masks))
        others.update((f"noise{i + 1}", code * mask) for i, mask in enumerate(noise))
        return masked, ilens, others


def without_padding(code: torch.Tensor, ilens: torch.Tensor | None) -> torch.Tensor:
    """Set (B, T, N) to zero after its valid frames (B,), even where it is NaN."""
    if ilens is None:
        return code
    return code.masked_fill(padding_mask(ilens, code.size(1)).unsqueeze(2), 0)
