"""Tell every block of a Conv-TasNet which character is being spoken."""

from __future__ import annotations

import torch
from torch import nn

from espnet_kd.enh.layers.masks import padding_mask
from espnet_kd.errors import UserError

NO_CHARACTER = (
    -4.5
)  # log prior at three standard deviations: farther from all characters is silence


class AlignedConditioning(nn.Module):
    """Spread character features over the frames where they are spoken; change each block's input.

    Ours, not the paper's, which fuses the text once, before the first block, by attention. Here,
    the alignment alone says which characters a frame sees, so nothing has to learn it. The blocks'
    inputs x become x * (1 + s) + t (FiLM; Perez et al., "FiLM: Visual reasoning with a general
    conditioning layer", AAAI 2018) or x + t, with s and t from the frame's features. Both start at
    zero, so a trained baseline keeps its output.

    Args:
        text_dim: width D of the character features.
        channels: channels C of a block's input.
        num_blocks: number of blocks.
        dim: width of the frame features.
        kernel: frames that the convolutions over frame features see; odd.
        scale: whether to scale in addition to shifting.
        query_stride: audio frames per frame of features.
        template_bands: bands K of a coarse spectrum that is learned for each character, in its
            context. A frame's features then contain the spectrum of its character and its
            difference from that of the audio. 0 leaves it out.
        code_dim: width N of the encoder code, which the bands divide.
    """

    def __init__(
        self,
        text_dim: int,
        channels: int,
        num_blocks: int,
        dim: int = 128,
        kernel: int = 5,
        scale: bool = True,
        query_stride: int = 1,
        template_bands: int = 0,
        code_dim: int = 0,
    ):
        super().__init__()
        self.query_stride = query_stride
        self.silence = nn.Parameter(torch.zeros(text_dim))
        self.template = None
        if template_bands:
            self.template = SpectralTemplate(text_dim, template_bands, code_dim)
        self.context = nn.Sequential(
            nn.Conv1d(text_dim + 2 * template_bands, dim, kernel, padding=kernel // 2),
            nn.PReLU(),
            nn.Conv1d(dim, dim, kernel, padding=kernel // 2),
            nn.PReLU(),
        )
        self.outputs = nn.ModuleList(
            nn.Conv1d(dim, channels * (2 if scale else 1), 1) for _ in range(num_blocks)
        )
        for output in self.outputs:
            nn.init.zeros_(output.weight)
            nn.init.zeros_(output.bias)

    def forward(
        self,
        text: torch.Tensor,
        text_lengths: torch.Tensor,
        log_prior: torch.Tensor,
        frames: torch.Tensor,
        code: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the frame features.

        Args:
            text: (B, U, D) character features.
            text_lengths: (B,).
            log_prior: (B, T', U) of `alignment_log_prior`, T' = ceil(T / query_stride).
            frames: (B,) valid audio frames.
            code: (B, T, N) encoder code, zeros in the padding; needed with a template.

        Returns:
            (B, dim, T').
        """
        padding = padding_mask(text_lengths, text.size(1))
        logits = log_prior.masked_fill(padding[:, None, :], -torch.inf)
        nothing = logits.new_full((*logits.shape[:2], 1), NO_CHARACTER)
        weights = torch.cat([logits, nothing], dim=2).softmax(2).to(text.dtype)
        text = text.masked_fill(padding.unsqueeze(2), 0)
        silence = self.silence.to(text.dtype).expand(text.size(0), 1, -1)
        spread = weights @ torch.cat([text, silence], dim=1)
        if self.template is not None:
            spread = torch.cat([spread, self.template(spread, code, self.query_stride)], dim=2)
        # As without padding, the convolutions see zeros after the end.
        queries = torch.div(
            frames + self.query_stride - 1, self.query_stride, rounding_mode="floor"
        )
        outside = padding_mask(queries, spread.size(1)).unsqueeze(1)
        features = spread.mT
        for layer in self.context:
            features = layer(features.masked_fill(outside, 0))
        return features

    def condition(self, features: torch.Tensor, number: int, x: torch.Tensor) -> torch.Tensor:
        """Change the input of a block.

        Args:
            features: (B, dim, T') of `forward`.
            number: number of the block, from 0.
            x: (B, C, T).

        Returns:
            (B, C, T).
        """
        change = self.outputs[number](features).to(x.dtype)
        if self.query_stride > 1:
            change = change.repeat_interleave(self.query_stride, dim=2)
        change = nn.functional.pad(change, (0, x.size(2) - change.size(2)))
        if change.size(1) == x.size(1):
            return x + change
        scale, shift = change.chunk(2, dim=1)
        return x * (1 + scale) + shift


class SpectralTemplate(nn.Module):
    """Coarse spectrum of the character being spoken, and what the audio has beyond it.

    Args:
        text_dim: width D of the character features.
        bands: number K of bands, each of N / K neighboring channels of the code.
        code_dim: width N of the encoder code.
    """

    def __init__(self, text_dim: int, bands: int, code_dim: int):
        super().__init__()
        if code_dim % bands:
            raise UserError(
                "conditioning_conf, template_bands",
                f"is {bands}, but the encoder has {code_dim} channels",
                "use a divisor of the number of channels",
            )
        self.bands = bands
        self.spectrum = nn.Linear(text_dim, bands)

    def forward(self, spread: torch.Tensor, code: torch.Tensor, stride: int) -> torch.Tensor:
        """Compare the spectrum of the text with that of the audio.

        Args:
            spread: (B, T', D) character features.
            code: (B, T, N) encoder code.
            stride: audio frames per frame of features.

        Returns:
            (B, T', 2 K): the text's log spectrum, and the audio's minus the text's. The audio's has
            the utterance's mean level removed.
        """
        power = code.float().square().unflatten(2, (self.bands, -1)).mean(3)
        level = power.sum((1, 2), keepdim=True) / code.any(2).sum(1).clamp(min=1)[:, None, None]
        power = nn.functional.pad(power, (0, 0, 0, -power.size(1) % stride))
        power = power.unflatten(1, (-1, stride)).mean(2)
        audio = (power / level.clamp(min=1e-20) * self.bands + 1e-3).log()
        text = self.spectrum(spread)
        return torch.cat([text, audio.to(text.dtype) - text], dim=2)
