"""Attention-based fusion of text features into audio features."""

from __future__ import annotations

import torch
from torch import nn

from espnet_kd.enh.layers.masks import padding_mask, sinusoids


class FusionBlock(nn.Module):
    """h + MHA(LN(h), Z, Z): queries from audio features h, keys and values from text features Z.

    Wang et al. 2022, section 2.1 and Figure 2: encoded audio is the query, encoded text key and
    value, and the output has the length of the audio. The figure is not public, and section 3.2.1
    speaks of "4 heads of 64-dimensional self-attention". That the block is this attention alone,
    without self-attention of the audio and without a feed-forward layer, that the layer norm
    precedes it, the residual, and the positions that every block adds to its queries are our
    interpretation.

    Args:
        dim: width N of the audio features.
        text_dim: width D of the text features.
        num_heads: attention heads.
        dropout: dropout rate of the attention weights.
        zero_init: initialize the block as the identity.
    """

    def __init__(
        self,
        dim: int,
        text_dim: int,
        num_heads: int = 4,
        dropout: float = 0.0,
        zero_init: bool = False,
    ):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(
            dim, num_heads, dropout, kdim=text_dim, vdim=text_dim, batch_first=True
        )
        if zero_init:
            nn.init.zeros_(self.attention.out_proj.weight)
            nn.init.zeros_(self.attention.out_proj.bias)

    def forward(
        self,
        audio: torch.Tensor,
        text: torch.Tensor,
        position: torch.Tensor,
        bias: torch.Tensor,
        need_weights: bool,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Fuse text into audio.

        Args:
            audio: (B, T, N).
            text: (B, U, D).
            position: (T, N) positional encoding of the queries.
            bias: (B * heads, T, U) added to the logits; -inf on padded characters.
            need_weights: also return the attention weights.

        Returns:
            (B, T, N) and, if requested, (B, T, U) weights averaged over heads.
        """
        query = self.norm(audio) + position
        fused, weights = self.attention(
            query, text, text, attn_mask=bias, need_weights=need_weights
        )
        return audio + fused, weights


class Fusion(nn.Module):
    """A sequence of L fusion blocks, optionally at a lower frame rate than the audio features.

    The defaults are our plain reading of the paper (L = 6). The options are ours:

    - A `query_stride` above 1 averages the queries over that many frames and adds the change that
      the blocks make to each of these frames. The attention map shrinks by the same factor.
    - `match_level` runs the blocks at unit level and scales their change to the level of each
      frame. The encoder's code is as small as the waveform, but text features are not: added
      without scaling, they dominate the code in the layer norm that follows (measured: a baseline
      of 11 dB fell to 8 dB).
    - `zero_init` starts as the identity, so that a trained baseline keeps its output.

    Args:
        dim: width N of the audio features.
        text_dim: width D of the text features.
        num_blocks: L.
        num_heads: attention heads.
        dropout: dropout rate of the attention weights.
        query_stride: audio frames per query.
        match_level: scale the change to the level of the audio features.
        zero_init: initialize the fusion as the identity.
    """

    def __init__(
        self,
        dim: int,
        text_dim: int,
        num_blocks: int = 6,
        num_heads: int = 4,
        dropout: float = 0.0,
        query_stride: int = 1,
        match_level: bool = False,
        zero_init: bool = False,
    ):
        super().__init__()
        self.query_stride = query_stride
        self.match_level = match_level
        self.num_heads = num_heads
        self.blocks = nn.ModuleList(
            FusionBlock(dim, text_dim, num_heads, dropout, zero_init) for _ in range(num_blocks)
        )

    def queries(self, audio: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Average each group of `query_stride` frames over its valid frames.

        Args:
            audio: (B, T, N), zeros in the padding.
            frames: (B,) valid frames.

        Returns:
            (B, ceil(T / query_stride), N).
        """
        if self.query_stride == 1:
            return audio
        valid = (~padding_mask(frames, audio.size(1))).unsqueeze(2).to(audio.dtype)
        share = self._pool(valid)
        return self._pool(audio) / torch.where(share > 0, share, 1)

    def _pool(self, frames: torch.Tensor) -> torch.Tensor:
        pooled = nn.functional.avg_pool1d(
            frames.transpose(1, 2), self.query_stride, ceil_mode=True, count_include_pad=False
        )
        return pooled.transpose(1, 2)

    def forward(
        self,
        audio: torch.Tensor,
        frames: torch.Tensor,
        text: torch.Tensor,
        text_lengths: torch.Tensor,
        log_prior: torch.Tensor | None = None,
        need_weights: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Fuse text into audio.

        Args:
            audio: (B, T, N), zeros in the padding.
            frames: (B,) valid frames.
            text: (B, U, D).
            text_lengths: (B,).
            log_prior: (B, T', U) added to the attention logits, T' = ceil(T / query_stride).
            need_weights: also return the attention weights of the last block.

        Returns:
            (B, T, N) and, if requested, (B, T', U).
        """
        start = self.queries(audio, frames)
        if self.match_level:
            start = nn.functional.layer_norm(start, start.shape[-1:])
        bias = audio.new_zeros(audio.size(0), start.size(1), text.size(1))
        if log_prior is not None:
            bias = bias + log_prior
        bias = bias.masked_fill(padding_mask(text_lengths, text.size(1))[:, None, :], -torch.inf)
        bias = bias.repeat_interleave(self.num_heads, dim=0)
        position = sinusoids(start.size(1), start.size(2), start)
        hidden, weights = start, None
        for block in self.blocks:
            last = block is self.blocks[-1]
            hidden, weights = block(hidden, text, position, bias, need_weights and last)
        change = hidden - start
        if self.query_stride > 1:
            change = change.repeat_interleave(self.query_stride, dim=1)[:, : audio.size(1)]
        if self.match_level:
            change = change * audio.std(dim=2, keepdim=True)
        return audio + change, weights
