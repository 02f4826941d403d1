"""Tell every block of a Conv-TasNet which character is being spoken."""

from __future__ import annotations

import torch
from torch import nn

from espnet_kd.enh.layers.masks import padding_mask

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
    ):
        super().__init__()
        self.query_stride = query_stride
        self.silence = nn.Parameter(torch.zeros(text_dim))
        self.context = nn.Sequential(
            nn.Conv1d(text_dim, dim, kernel, padding=kernel // 2),
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
    ) -> torch.Tensor:
        """Compute the frame features.

        Args:
            text: (B, U, D) character features.
            text_lengths: (B,).
            log_prior: (B, T', U) of `alignment_log_prior`, T' = ceil(T / query_stride).
            frames: (B,) valid audio frames.

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
