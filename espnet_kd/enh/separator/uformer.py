"""Uformer: enhancement with a complex and a magnitude branch; the teacher of Distil-DCCRN."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from espnet2.enh.layers.complexnn import complex_cat
from espnet2.enh.separator.abs_separator import AbsSeparator
from torch import nn
from torch.nn import functional

from espnet_kd.enh.layers.dilated_dual_path_conformer import DilatedDualPathConformer
from espnet_kd.enh.layers.masks import padding_mask
from espnet_kd.enh.layers.two_branch import (
    COMPLEX,
    MAGNITUDE,
    Causal,
    FusedPair,
    JointBatchNorm,
    convolution,
    modulus,
    transposed_convolution,
)
from espnet_kd.errors import UserError

KERNEL = {"kernel_size": (5, 2), "stride": (2, 1)}  # bins, frames


class UformerSeparator(AbsSeparator):
    """Mask estimator on a spectrum, between ESPnet's `stft` encoder and decoder.

    Fu et al., "Uformer: A UNet based dilated complex & real dual-path conformer network for
    simultaneous speech enhancement and dereverberation", ICASSP 2022. The layers follow the
    authors' code in its 2022-06 revision: magnitudes compressed by the power 0.5 and DC dropped,
    convolutions of 5 bins by 2 frames with stride 2 along frequency, BatchNorm and PReLU, both
    branches fused after each layer, one dilated dual-path conformer, and mirrored decoders with
    concatenated skips and neither norm nor activation at the end.

    Let X be the spectrum, M the output of the complex decoder and m that of the magnitude decoder.
    tanh|M| and sigmoid(m) are masks of the compressed magnitude. Their mean is squared to undo the
    compression, and the phase of M is added:

        S = X ((tanh|M| + sigmoid(m)) / 2)^2 M / |M|,    S = 0 at DC

    With `official`, layers and number of weights are those of that code: 3,336,049 at its size.
    Without it, which is ours, BatchNorm normalizes the real and imaginary halves of complex
    channels separately, as in ESPnet's DCCRN, and queries, keys and values have no biases.

    Always ours: initial weights are ESPnet's; powers are increased by a constant, where the code
    has a lower limit; padding is excluded, except from BatchNorm in training. The STFT is ESPnet's,
    with a Hann window and centered frames; the code has a square root of Hann and frames that start
    at the first sample, so it loses the end of a signal. The convolutions outside the
    conformer are causal; the conformer uses all valid frames.

    Fused complex features, (B, 2 C, F, T), can be tapped at `encoder.N.complex_out` and
    `decoder.N.complex_out`.

    Args:
        input_dim: bins of the spectrum including DC; one more than a multiple of 2^layers.
        channels: C after each layer of the encoder.
        conformer_conf: arguments of DilatedDualPathConformer except `channels` and
            `attention_bias`.
        official: follow the authors' code in the norms of complex channels and in the biases of
            attention; false for checkpoints of before this option.

    Raises:
        UserError: the number of bins cannot be halved once per layer of the encoder.
    """

    def __init__(
        self,
        input_dim: int,
        channels: Sequence[int] = (8, 16, 32, 64, 128, 128),
        conformer_conf: dict | None = None,
        official: bool = True,
    ):
        super().__init__()
        if input_dim < 2 or (input_dim - 1) % 2 ** len(channels):
            raise UserError(
                "uformer",
                f"{input_dim - 1} bins above DC cannot be halved {len(channels)} times",
                f"make n_fft a multiple of {2 ** (len(channels) + 1)} or shorten `channels`",
            )
        widths = [1, *channels]
        outward = list(zip(widths, widths[1:], strict=False))
        self.encoder = nn.ModuleList(_pair(_encoder_layer, *sizes, official) for sizes in outward)
        self.conformer = DilatedDualPathConformer(
            channels[-1], attention_bias=official, **(conformer_conf or {})
        )
        self.decoder = nn.ModuleList(
            _pair(_decoder_layer, 2 * inner, outer, official) for outer, inner in outward[:0:-1]
        )
        self.decoder.append(_pair(_transposed, 2 * channels[0], 1))

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
            input: (B, T, F) complex, T >= 1.
            ilens: (B,) valid frames.
            additional: not used.

        Returns:
            [(B, T, F) complex], (B,), and the complex mask `mask_spk1` (B, T, F).
        """
        spectrum = torch.stack([input.real, input.imag], dim=1).transpose(2, 3)[:, :, 1:]
        magnitude_features = modulus(spectrum).sqrt()
        complex_features = spectrum / magnitude_features
        skips = []
        for layer in self.encoder:
            complex_features, magnitude_features = layer(complex_features, magnitude_features)
            skips.append((complex_features, magnitude_features))
        valid = ~padding_mask(ilens, input.size(1))[:, None, None, :]
        complex_features, magnitude_features = self.conformer(
            complex_features, magnitude_features, valid
        )
        for layer, (complex_skip, magnitude_skip) in zip(self.decoder, skips[::-1], strict=True):
            complex_features, magnitude_features = layer(
                complex_cat([complex_features, complex_skip], 1),
                torch.cat([magnitude_features, magnitude_skip], dim=1),
            )
        mask = _mask(complex_features.to(spectrum), magnitude_features.to(spectrum))
        return [input * mask], ilens, OrderedDict(mask_spk1=mask)


def _mask(complex_features: torch.Tensor, magnitude_features: torch.Tensor) -> torch.Tensor:
    """Return the complex mask (B, T, F) from M (B, 2, F - 1, T) and m (B, 1, F - 1, T)."""
    size = modulus(complex_features)
    gain = (0.5 * (size.tanh() + magnitude_features.sigmoid())).square()
    mask = functional.pad(complex_features * (gain / size), (0, 0, 1, 0)).transpose(2, 3)
    return torch.complex(*mask.unbind(dim=1))


def _pair(layer: Callable[..., nn.Module], *sizes: int) -> FusedPair:
    return FusedPair(layer(COMPLEX, *sizes), layer(MAGNITUDE, *sizes))


def _encoder_layer(
    parts: int, in_channels: int, out_channels: int, official: bool
) -> nn.Sequential:
    layer = convolution(parts, in_channels, out_channels, padding=(2, 1), **KERNEL)
    return nn.Sequential(Causal(layer), _norm(parts, out_channels, official), nn.PReLU())


def _decoder_layer(
    parts: int, in_channels: int, out_channels: int, official: bool
) -> nn.Sequential:
    layer = _transposed(parts, in_channels, out_channels)
    return nn.Sequential(layer, _norm(parts, out_channels, official), nn.PReLU())


def _norm(parts: int, channels: int, official: bool) -> nn.BatchNorm2d:
    if parts == COMPLEX and official:
        return JointBatchNorm(channels)
    return nn.BatchNorm2d(parts * channels)


def _transposed(parts: int, in_channels: int, out_channels: int) -> Causal:
    return Causal(
        transposed_convolution(
            parts, in_channels, out_channels, padding=(2, 0), output_padding=(1, 0), **KERNEL
        )
    )
