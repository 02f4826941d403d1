"""ESPnet's Conv-TasNet mask estimator: same parameters, independent of padding, and faster."""

from __future__ import annotations

from collections.abc import Callable

import torch
from espnet2.enh.layers.tcn import (
    EPS,
    ChannelwiseLayerNorm,
    Chomp1d,
    GlobalLayerNorm,
    TemporalBlock,
    TemporalConvNet,
)
from torch import nn
from torch.nn import functional

from espnet_kd.enh.fast.execution import Compilable
from espnet_kd.enh.fast.fused_block import compiled_block
from espnet_kd.enh.fast.products import folded, product
from espnet_kd.enh.layers.masks import padding_mask
from espnet_kd.enh.layers.past import Past
from espnet_kd.enh.layers.residual_block import residual_block

MASKS = {
    "linear": nn.Identity(),
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}
# Frames are padded to a multiple of this: matrices with unaligned rows are multiplied at half the
# speed, and compiled blocks sum the frames in PIECES (see `fused_stages`) of equal size.
ALIGNED_FRAMES = 16


def mask_padding(network: TemporalConvNet) -> None:
    """Turn ESPnet's network, without skip connections, into a MaskedTemporalConvNet.

    Only the classes change. ESPnet's constructor has already drawn the weights, so the same seed
    yields the same model as stock ESPnet. Building the layers again would draw other weights.
    """
    network.__class__ = MaskedTemporalConvNet
    network.network[0].__class__ = LayerNorm
    for convolution in (network.network[1], network.network[-1]):
        convolution.__class__ = PointwiseConvolution
    for block in network.blocks():
        block.__class__ = MaskedTemporalBlock


class MaskedTemporalConvNet(TemporalConvNet):
    """ESPnet's TemporalConvNet, which also receives the length of each utterance.

    Parameters, their names and initial values and, for utterances of equal length, the output are
    those of ESPnet (Luo and Mesgarani 2019, "Conv-TasNet", section II). Global layer norms use only
    valid frames, and convolutions see zeros after the end, as for a single utterance. Batch
    normalization sees the padding in training. `mask_padding` creates such networks.
    """

    def blocks(self) -> list[TemporalBlock]:
        """Return the blocks, first to last."""
        return [block for repeat in self.network[2] for block in repeat]

    def forward(
        self,
        mixture_w: torch.Tensor,
        frames: torch.Tensor,
        condition: Callable[[int, torch.Tensor], torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """Estimate masks.

        Args:
            mixture_w: (B, N, T) encoder code, finite also in the padding.
            frames: (B,) valid frames.
            condition: changes the input of a block, given its number from 0; the input may have
                more frames than the code.

        Returns:
            (B, C, N, T); values in the padding have no meaning.
        """
        size = mixture_w.size(2)
        # Even under autocast, the outputs of the blocks are summed in single precision.
        output = self.network[:2](mixture_w).to(mixture_w.dtype)
        if self.blocks()[0].is_global:  # batch normalization in training would use the padding
            output = functional.pad(output, (0, -size % ALIGNED_FRAMES))
        valid = (~padding_mask(frames, output.size(2))).unsqueeze(1).to(output.dtype)
        # An utterance shorter than the encoder's kernel has no frames; its norms divide by one.
        count = valid.sum(2, keepdim=True).clamp(min=1)
        for number, block in enumerate(self.blocks()):
            if condition is not None:
                output = condition(number, output)
            output = block(output, valid, count)
        score = self.network[3:](output[..., :size])
        return MASKS[self.mask_nonlinear](score.unflatten(1, (self.C, self.out_channel)))

    @property
    def reach(self) -> int:
        """How many frames on either side a frame depends on, if norms see single frames."""
        # Padding of a causal convolution is all on one side, otherwise half on each.
        return sum(block.net[-1].net[0].padding[0] for block in self.blocks())

    @property
    def looks_ahead(self) -> str:
        """What makes a frame depend on later ones; empty if nothing does."""
        for block in self.blocks():
            if not block.is_causal:
                return "it has `causal: false`"
            if block.is_global:
                return "its norms are over all frames; train it with `norm_type: cLN`"
        return ""

    def stream(self, code: torch.Tensor, past: Past) -> torch.Tensor:
        """Estimate masks of the next frames, with a network that does not look ahead.

        The layers are called by their functions: unlike `forward`, an export then has no operator
        of ours.

        Args:
            code: (B, N, T).
            past: caches of the frames before.

        Returns:
            (B, C, N, T).
        """
        norm, bottleneck, _, *before, last = self.network
        output = functional.conv1d(norm(code), bottleneck.weight)
        for block in self.blocks():
            output = block.stream(output, past)
        for layer in before:
            output = layer(output)
        score = functional.conv1d(output, last.weight)
        return MASKS[self.mask_nonlinear](score.unflatten(1, (self.C, self.out_channel)))


class LayerNorm(ChannelwiseLayerNorm):
    """ESPnet's norm over the channels of each frame, computed by PyTorch's function."""

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """Normalize (B, C, T)."""
        weights = self.gamma.flatten(), self.beta.flatten()
        return functional.layer_norm(y.transpose(1, 2), weights[0].shape, *weights, EPS).transpose(
            1, 2
        )


class PointwiseConvolution(nn.Conv1d):
    """A 1x1 convolution without bias, computed as one product for the whole batch."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, T) to (B, D, T)."""
        return product(self.weight.squeeze(2), x.transpose(0, 1)).transpose(0, 1)


class MaskedTemporalBlock(TemporalBlock, Compilable):
    """ESPnet's TemporalBlock, including the residual sum that follows it."""

    @property
    def is_global(self) -> bool:
        """Whether its norms are over channels and time; otherwise it runs ESPnet's layers."""
        return isinstance(self.net[2], (GlobalLayerNorm, nn.GroupNorm))

    @property
    def is_causal(self) -> bool:
        """Whether its depthwise convolution sees no later frames."""
        return isinstance(self.net[3].net[1], Chomp1d)

    def stream(self, x: torch.Tensor, past: Past) -> torch.Tensor:
        """Return the next frames of the input plus the output of the block's layers.

        The cache has what the depthwise convolution sees of earlier frames, so the cost of a frame
        does not depend on the receptive field.

        Args:
            x: (B, C, T).
            past: caches of the frames before.

        Returns:
            (B, C, T).
        """
        *wide, separable = self.net
        depthwise, _, *narrow = separable.net
        hidden = x
        for layer in wide:
            hidden = layer(hidden)
        hidden = functional.conv1d(
            past.extend(hidden, depthwise.padding[0]),
            depthwise.weight,
            dilation=depthwise.dilation,
            groups=depthwise.groups,
        )
        for layer in narrow:
            hidden = layer(hidden)
        return x + hidden

    def forward(self, x: torch.Tensor, valid: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        """Return the input plus the output of the block's layers.

        Args:
            x: (B, C, T).
            valid: (B, 1, T), 1 where a frame is valid, else 0.
            count: (B, 1, 1) valid frames, at least 1.

        Returns:
            (B, C, T).
        """
        # ESPnet's layers have no names here; tests compare all outputs with ESPnet's own classes.
        wide, prelu, norm, separable = self.net
        if not self.is_global:
            return x + separable(norm(prelu(wide(x))) * valid)
        depthwise, *_, prelu2, norm2, narrow = separable.net
        block = compiled_block() if self.compiled else residual_block
        # Keep batch and time adjacent in memory; only the first block has to copy.
        x, valid = folded(x.transpose(0, 1)), valid.transpose(0, 1)
        return block(
            x,
            valid,
            count.transpose(0, 1),
            wide.weight.squeeze(2),
            prelu.weight,
            *gain_and_shift(norm),
            depthwise.weight.permute(2, 0, 1).unsqueeze(3),
            prelu2.weight,
            *gain_and_shift(norm2),
            narrow.weight.squeeze(2),
            depthwise.dilation[0],
            depthwise.padding[0],
            EPS if isinstance(norm, GlobalLayerNorm) else norm.eps,
        ).transpose(0, 1)


def gain_and_shift(norm: GlobalLayerNorm | nn.GroupNorm) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gain and shift of a norm, each (C, 1, 1)."""
    if isinstance(norm, GlobalLayerNorm):
        return norm.gamma.transpose(0, 1), norm.beta.transpose(0, 1)
    return norm.weight.view(-1, 1, 1), norm.bias.view(-1, 1, 1)
