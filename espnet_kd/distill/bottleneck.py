"""Linear inverted bottlenecks that are trained inside a student and folded into its layers."""

from __future__ import annotations

import torch
from torch import nn

from espnet_kd.distill.taps import Tap

LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)


class ComplexMap(nn.Module):
    """Complex 1x1 convolution without bias, of features whose real halves come first.

    Args:
        narrow: complex channels of the input.
        wide: complex channels of the output.
    """

    def __init__(self, narrow: int, wide: int):
        super().__init__()
        self.real = nn.Conv2d(narrow, wide, 1, bias=False)
        self.imag = nn.Conv2d(narrow, wide, 1, bias=False)

    def forward(self, feature: torch.Tensor) -> torch.Tensor:
        """Map (B, 2 C, F, T) to (B, 2 C', F, T)."""
        real, imag = feature.chunk(2, dim=1)
        return torch.cat(
            [self.real(real) - self.imag(imag), self.real(imag) + self.imag(real)], dim=1
        )


class InvertedBottleneck(nn.Module):
    """Linear maps C_S -> C_E -> C_S of each frame and bin, C_E >= C_S; initially the identity.

    Args:
        narrow: C_S.
        wide: C_E.
        axis: axis of the weight that this module is folded into; kept in the state dict for
            `merge_bottleneck`.
        is_complex: the channels are real and imaginary halves, and the maps complex ones: only
            these can be folded into a complex convolution. C_S and C_E are even.
    """

    def __init__(self, narrow: int, wide: int, axis: int = 0, is_complex: bool = False):
        super().__init__()
        if is_complex:
            self.up, self.down = (
                ComplexMap(narrow // 2, wide // 2),
                ComplexMap(wide // 2, narrow // 2),
            )
            nn.init.zeros_(self.up.imag.weight)
            nn.init.zeros_(self.down.imag.weight)
        else:
            self.up = nn.Conv2d(narrow, wide, 1, bias=False)
            self.down = nn.Conv2d(wide, narrow, 1, bias=False)
        # A float, because ESPnet sums integers up where it averages checkpoints.
        self.register_buffer("axis", torch.tensor(float(axis)))
        up, down = (module.real if is_complex else module for module in (self.up, self.down))
        nn.init.orthogonal_(up.weight)  # orthonormal columns: the transpose inverts it
        with torch.no_grad():
            down.weight.copy_(up.weight.transpose(0, 1))

    def forward(self, feature: torch.Tensor) -> torch.Tensor:
        """Map (B, C_S, F, T) to the same shape."""
        return self.down(self.up(feature))


def is_complex_layer(layer: nn.Module) -> bool:
    """Return whether a layer is a complex convolution with real and imaginary halves of channels.

    ESPnet's ComplexConv2d and ComplexConvTranspose2d are, and DCCRN and Uformer consist of them.
    Each of the two convolutions inside runs twice, so only the whole layer can be tapped.
    """
    parts = [getattr(layer, name, None) for name in ("real_conv", "imag_conv")]
    return getattr(layer, "complex_axis", None) == 1 and all(map(_is_plain, parts))


def weight_axis(layer: nn.Module, tap: Tap) -> int:
    """Return the axis of a layer's weight that absorbs a linear map of the channels at a tap.

    Raises:
        ValueError: the layer cannot absorb it, or the tap's layout is not that of the layer.
    """
    if is_complex_layer(layer):
        layer = layer.real_conv
    if not _is_plain(layer):
        raise ValueError(
            f"'{tap}' taps a {type(layer).__name__}, which cannot absorb a linear map; tap the"
            " output or input of a Linear, Conv, ConvTranspose or complex convolution layer of one"
            " group, such as 'separator.tcn.network.1' of Conv-TasNet"
        )
    linear = isinstance(layer, nn.Linear)
    if (tap.layout[-1:] if linear else (tap.layout or "bc")[1]) != "c":
        raise ValueError(
            f"'{tap}' has its channels on the {'last' if linear else 'second'} axis, but its"
            f" layout is {repr(tap.layout) if tap.layout else 'the default'}; write 'c' there"
        )
    transposed = isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d))
    return int(transposed != (tap.side == "input"))


def merge_bottleneck(
    state: dict[str, torch.Tensor], tap: Tap, own: dict[str, torch.Tensor]
) -> None:
    """Fold a bottleneck into the layer of the student at whose tap it was trained.

    Args:
        state: the student's state dict; tensors are replaced.
        tap: the tap.
        own: the state dict of the InvertedBottleneck.
    """
    axis = round(own["axis"].item())
    if "up.real.weight" in own:
        _merge_complex(state, tap, axis, own)
        return
    matrix = _matrix(own, "down") @ _matrix(own, "up")
    weight, bias = (f"{tap.path}.{name}" for name in ("weight", "bias"))
    if tap.side == "input":
        state[weight] = _times(matrix.T, state[weight], axis)
        return
    state[weight] = _times(matrix, state[weight], axis)
    if bias in state:
        state[bias] = _times(matrix, state[bias], 0)


def _merge_complex(
    state: dict[str, torch.Tensor], tap: Tap, axis: int, own: dict[str, torch.Tensor]
) -> None:
    """Fold into W_r + i W_i and into b_r + i b_i.

    ESPnet's complex convolution adds (1 + i)(b_r + i b_i), and a map of that is (1 + i) times the
    same map of b_r + i b_i.
    """
    up, down = (
        torch.complex(_matrix(own, f"{name}.real"), _matrix(own, f"{name}.imag"))
        for name in ("up", "down")
    )
    matrix = down @ up
    names = ["weight"] if tap.side == "input" else ["weight", "bias"]
    for name in names:
        keys = [f"{tap.path}.{part}_conv.{name}" for part in ("real", "imag")]
        if keys[0] not in state:
            continue
        value = torch.complex(*(state[key].double() for key in keys))
        along = axis if name == "weight" else 0
        folded = _times(matrix.T if tap.side == "input" else matrix, value, along)
        for key, part in zip(keys, (folded.real, folded.imag), strict=True):
            state[key] = part.to(state[key].dtype).contiguous()


def _matrix(own: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    return own[f"{name}.weight"].double().flatten(1)


def _times(matrix: torch.Tensor, tensor: torch.Tensor, axis: int) -> torch.Tensor:
    """Multiply a tensor by a (C, C) matrix in double precision along an axis of length C."""
    folded = torch.tensordot(matrix, tensor.to(matrix.dtype), dims=([1], [axis]))
    return folded.movedim(0, axis).to(tensor.dtype).contiguous()


def _is_plain(layer: nn.Module | None) -> bool:
    """Return whether a layer is linear, of one group, with a weight that is a parameter."""
    return (
        isinstance(layer, LINEAR)
        and "weight" in dict(layer.named_parameters(recurse=False))
        and getattr(layer, "groups", 1) == 1
    )
