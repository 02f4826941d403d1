"""Character transformer encoder of the text-informed teacher."""

from __future__ import annotations

import math

import torch
from torch import nn

from espnet_kd.enh.layers.masks import padding_mask, sinusoids


class TextEncoder(nn.Module):
    """Transformer over the characters of a transcript.

    Wang et al., "Text-Informed Knowledge Distillation for Robust Speech Enhancement and
    Recognition", ISCSLP 2022, section 3.2.1: 4 blocks, 4 heads of 64. The width of
    the feed-forward layer, the sinusoidal positions and the layer norm before each sub-layer are
    our interpretation.

    Args:
        vocab_size: number of tokens V.
        dim: width D (heads x 64 in the paper).
        num_blocks: transformer blocks.
        num_heads: attention heads.
        ffn_dim: width of the feed-forward layer.
        dropout: dropout rate.
    """

    def __init__(
        self,
        vocab_size: int,
        dim: int = 256,
        num_blocks: int = 4,
        num_heads: int = 4,
        ffn_dim: int = 1024,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        block = nn.TransformerEncoderLayer(
            dim, num_heads, ffn_dim, dropout, batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(
            block, num_blocks, norm=nn.LayerNorm(dim), enable_nested_tensor=False
        )
        self.scale = math.sqrt(dim)

    def forward(self, text: torch.Tensor, text_lengths: torch.Tensor) -> torch.Tensor:
        """Encode a batch of transcripts.

        Args:
            text: (B, U) token ids, padded.
            text_lengths: (B,) valid lengths.

        Returns:
            (B, U, D); rows in the padding have no meaning, and the caller must mask them.
        """
        embedded = self.embedding(text) * self.scale
        embedded = embedded + sinusoids(embedded.size(1), embedded.size(2), embedded)
        return self.blocks(embedded, src_key_padding_mask=padding_mask(text_lengths, text.size(1)))
