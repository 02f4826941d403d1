"""Self-attention along time or frequency, for real or complex features."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional

from espnet_kd.enh.layers.two_branch import ChannelNorm, convolution

# From (B, P, D, F, T) to (B, other axis, P, axis, D).
ORDERS = {"time": (0, 3, 1, 4, 2), "frequency": (0, 4, 1, 3, 2)}


class AxisAttention(nn.Module):
    """One head of self-attention along one axis, with a residual connection.

    Fu et al., "Uformer", ICASSP 2022, and the authors' code (2022-06 revision): queries, keys and
    values are linear and without positional encoding, and the attention is global. For complex
    features, the product of query, key and value is multiplied out: each of its 2 x 2 x 2 terms is
    a separate attention with separate projections, and the terms are summed with the sign of their
    power of i:

        real: rrr - rii - iri - iir        imaginary: rri + rir + irr - iii

    There, the projections have biases (`bias`). That padding is not attended is ours.

    Args:
        parts: P, 1 for real and 2 for complex features.
        channels: C.
        dim: width D of queries, keys and values.
        axis: "time" or "frequency".
        dropout: dropout rate.
        bias: whether queries, keys and values have biases.
    """

    def __init__(
        self,
        parts: int,
        channels: int,
        dim: int,
        axis: str,
        dropout: float = 0.1,
        bias: bool = True,
    ):
        super().__init__()
        self.axis = axis
        terms = list(itertools.product(range(parts), repeat=3))
        signs = torch.zeros(parts, len(terms))
        for term, factors in enumerate(terms):
            power = sum(factors)  # i^power is +-1 or +-i
            signs[power % 2, term] = -1.0 if power >= 2 else 1.0
        self.register_buffer("factors", torch.tensor(terms).T, persistent=False)
        self.register_buffer("signs", signs, persistent=False)
        self.projections = nn.Parameter(torch.empty(3, len(terms), channels, dim))
        nn.init.uniform_(self.projections, -(channels**-0.5), channels**-0.5)
        self.biases = nn.Parameter(torch.empty(3, len(terms), 1, dim)) if bias else None
        if bias:
            nn.init.uniform_(self.biases, -(channels**-0.5), channels**-0.5)
        self.norm = ChannelNorm(channels)
        self.attended_norm = nn.LayerNorm(dim)
        self.out = nn.Sequential(
            convolution(parts, dim, channels),
            ChannelNorm(channels),
            nn.PReLU(),
            nn.Dropout(dropout),
        )

    def forward(self, features: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Attend along the axis and add the result to the features.

        Args:
            features: (B, P C, F, T).
            valid: (B, 1, 1, T), True on frames that are not padding.

        Returns:
            (B, P C, F, T).
        """
        order = ORDERS[self.axis]
        parts = self.norm(features).unflatten(1, (len(self.signs), -1)).permute(order)
        shape = parts.shape[:2]
        query, key, value = (
            torch.einsum("bknc,kcd->bknd", parts.flatten(0, 1).index_select(1, factor), projection)
            for factor, projection in zip(self.factors, self.projections, strict=True)
        )
        if self.biases is not None:
            query, key, value = (
                term + bias for term, bias in zip((query, key, value), self.biases, strict=True)
            )
        mask = valid.repeat_interleave(shape[1], dim=0) if self.axis == "time" else None
        terms = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        attended = torch.einsum("pk,bknd->bpnd", self.signs, terms)
        attended = self.attended_norm(attended).unflatten(0, shape)
        back = [order.index(axis) for axis in range(len(order))]
        return features + self.out(attended.permute(back).flatten(1, 2))
