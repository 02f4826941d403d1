"""GTCRN: a causal student of about 24 thousand weights that works frame by frame."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from espnet2.enh.separator.abs_separator import AbsSeparator
from torch import nn

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.enh.layers.erb_bands import ERBBands
from espnet_kd.enh.layers.grouped_temporal import (
    GroupedDualPathGRU,
    GroupedTemporalConvolution,
    neighbors,
)
from espnet_kd.enh.layers.past import Past
from espnet_kd.errors import UserError

KERNEL = {"kernel_size": (5, 1), "stride": (2, 1), "padding": (2, 0)}  # bins, frames


class GTCRNSeparator(AbsSeparator):
    """Mask estimator on a spectrum, between the `causal_stft` encoder and decoder.

    Rong et al., "GTCRN: A speech enhancement model requiring ultralow computational resources",
    ICASSP 2024, with the layers of the authors' code. Magnitude, real and imaginary part in ERB
    bands pass two convolutions with stride 2 along the bands, blocks with growing dilation, two
    dual-path recurrent networks, and the same in reverse, with the sum of the encoder's output of
    the same level before each layer. The result is a complex mask, bounded by tanh in each part.

    The blocks of the decoder are ordinary causal convolutions: the authors' transposed ones
    compute the same with reversed kernels.

    Features (B, C, F, T) can be tapped at `encoder.N`, `dual_path.N` and `decoder.N`. Layers of
    models without bins pair with `latent`, the last of `dual_path.N` as (B, C F, T), or with
    `encoder.N.attention.gate` (B, T, C / 2) and its like in the decoder, which are linear.

    Args:
        input_dim: bins of the spectrum.
        channels: C, a multiple of 4.
        low_bins: bins that are kept; those above are merged into bands.
        bands: number of ERB bands.
        dilations: of the blocks of the encoder; the decoder has them in reverse.
        dual_paths: number of dual-path recurrent networks.
        sample_rate: in Hz, for the ERB scale.

    Raises:
        UserError: the sizes do not fit.
    """

    padding_invariant = True
    why_offline = ""  # it streams

    def __init__(
        self,
        input_dim: int,
        channels: int = 16,
        low_bins: int = 65,
        bands: int = 64,
        dilations: Sequence[int] = (1, 2, 5),
        dual_paths: int = 2,
        sample_rate: int = SAMPLE_RATE,
    ):
        super().__init__()
        if channels < 4 or channels % 4:
            raise UserError(
                "separator_conf, channels", f"is {channels}", "give a multiple of 4, e.g. 16"
            )
        self.bands = ERBBands(input_dim, low_bins, bands, sample_rate)
        if self.bands.count % 4 != 1:
            raise UserError(
                "separator_conf, bands",
                f"low_bins {low_bins} and bands {bands} cannot be halved twice",
                "make their sum one more than a multiple of 4",
            )
        self.encoder = nn.ModuleList(
            [
                _layer(nn.Conv2d, 9, channels, nn.PReLU()),
                _layer(nn.Conv2d, channels, channels, nn.PReLU(), groups=2),
                *(GroupedTemporalConvolution(channels, dilation) for dilation in dilations),
            ]
        )
        inner = (self.bands.count + 3) // 4
        self.dual_path = nn.ModuleList(
            GroupedDualPathGRU(channels, inner) for _ in range(dual_paths)
        )
        self.latent = nn.Identity()
        self.decoder = nn.ModuleList(
            [
                *(GroupedTemporalConvolution(channels, dilation) for dilation in dilations[::-1]),
                _layer(nn.ConvTranspose2d, channels, channels, nn.PReLU(), groups=2),
                _layer(nn.ConvTranspose2d, channels, 2, nn.Tanh()),
            ]
        )
        # Begin near a mask of 1 (ours). SI-SNR does not see a sign, so a training that begins near
        # 0 may end with the speech upside down, which a stream cannot put right afterward.
        nn.init.constant_(self.decoder[-1][1].bias[0], 1.0)

    @property
    def num_spk(self) -> int:
        """Speakers in the output."""
        return 1

    def forward(
        self,
        input: torch.Tensor,
        ilens: torch.Tensor,
        additional: dict | None = None,
    ) -> tuple[list[torch.Tensor], torch.Tensor, OrderedDict]:
        """Enhance a spectrum.

        Args:
            input: (B, T, F) complex.
            ilens: (B,) valid frames; not used, as no frame depends on later ones.
            additional: not used.

        Returns:
            [(B, T, F) complex], (B,), and the complex mask `mask_spk1` (B, T, F).

        Raises:
            UserError: the input is real.
        """
        mask = self._complex_mask(input, Past())
        return [input * mask], ilens, OrderedDict(mask_spk1=mask)

    def stream(self, code: torch.Tensor, past: Past) -> torch.Tensor:
        """Enhance the next frames of a spectrum.

        Args:
            code: (B, T, F) complex.
            past: caches of the frames before.

        Returns:
            (B, T, F) complex.
        """
        return code * self._complex_mask(code, past)

    def estimate(self, spectrum: torch.Tensor, past: Past) -> torch.Tensor:
        """Estimate the mask of the next frames, in real numbers (for an export).

        Args:
            spectrum: (B, 2, F, T), real and imaginary part.
            past: caches of the frames before.

        Returns:
            (B, 2, F, T), to be multiplied with the spectrum as complex numbers.
        """
        magnitude = (spectrum.square().sum(dim=1, keepdim=True) + 1e-12).sqrt()
        x = neighbors(self.bands.merge(torch.cat([magnitude, spectrum], dim=1)))
        skips = []
        for layer in self.encoder:
            x = _run(layer, x, past)
            skips.append(x)
        for layer in self.dual_path:
            x = layer(x, past)
        x = self.latent(x.flatten(1, 2)).unflatten(1, x.shape[1:3])
        for layer in self.decoder:
            x = _run(layer, x + skips.pop(), past)
        return self.bands.spread(x)

    def _complex_mask(self, code: torch.Tensor, past: Past) -> torch.Tensor:
        if not code.is_complex():
            raise UserError("encoder", "gives gtcrn no spectrum", "write encoder: causal_stft")
        spectrum = torch.view_as_real(code).permute(0, 3, 2, 1)
        mask = self.estimate(spectrum, past).to(spectrum.dtype).permute(0, 3, 2, 1)
        return torch.view_as_complex(mask.contiguous())


def _layer(
    convolution: type[nn.Module], inputs: int, outputs: int, activation: nn.Module, groups: int = 1
) -> nn.Sequential:
    """Build a convolution over 5 bands of one frame, which halves or doubles their number."""
    return nn.Sequential(
        convolution(inputs, outputs, groups=groups, **KERNEL), nn.BatchNorm2d(outputs), activation
    )


def _run(layer: nn.Module, x: torch.Tensor, past: Past) -> torch.Tensor:
    return layer(x, past) if isinstance(layer, GroupedTemporalConvolution) else layer(x)
