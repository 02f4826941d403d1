"""Align latents by cosine distance through a linear inverted bottleneck."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from espnet_kd.distill.base import FeatureLoss, Observation
from espnet_kd.distill.frames import frame_mask, masked_mean, resample_frames
from espnet_kd.distill.taps import Tap, find_module

LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)


class InvertedBottleneck(nn.Module):
    """Linear maps C_S -> C_E -> C_S of each frame and bin, C_E >= C_S; initially the identity.

    Args:
        narrow: C_S.
        wide: C_E.
        axis: axis of the weight that this module is folded into; kept in the state dict for
            `CosineLoss.merge`.
    """

    def __init__(self, narrow: int, wide: int, axis: int = 0):
        super().__init__()
        self.up = nn.Conv2d(narrow, wide, 1, bias=False)
        self.down = nn.Conv2d(wide, narrow, 1, bias=False)
        # A float, because ESPnet sums integers up where it averages checkpoints.
        self.register_buffer("axis", torch.tensor(float(axis)))
        nn.init.orthogonal_(self.up.weight)  # orthonormal columns: the transpose inverts it
        with torch.no_grad():
            self.down.weight.copy_(self.up.weight.transpose(0, 1))

    def forward(self, feature: torch.Tensor) -> torch.Tensor:
        """Map (B, C_S, F, T) to the same shape."""
        return self.down(self.up(feature))


class CosineLoss(FeatureLoss):
    """Mean cosine distance between latents of student and teacher, frame by frame.

        L = mean_t [1 - cos(vec(up z_S(t)), vec(z_T(t)))]

    with latents z_S (B, C_S, F, T) and z_T (B, C_T, F, T_T), and up z_S (B, C_T, F, T). vec runs
    over channels and bins, and the mean over the valid frames t. An inverted bottleneck (`up`,
    `down`: 1x1, no bias, no activation) is inserted at the tap, after or before a linear layer of
    the student, and trained with the student. Afterward `down up` is folded into the weight of
    that layer, so the student keeps only its own layers.

    Luong et al. 2025 (arXiv 2505.03442) name the linear inverted bottleneck and the cosine
    distance; sizes and places are our interpretation. Their teacher has a bottleneck, too. Our
    teacher is already trained, so its own width is used for both, C_E = C_T, and the student
    starts unchanged. A teacher with another frame rate is interpolated.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bottlenecks = nn.ModuleList()

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Create a bottleneck for each pair; see DistillLoss.prepare.

        Raises:
            ValueError: the teacher's layer is narrower than the student's or has other bins, or
                the student's layer cannot absorb a bottleneck; the message says what to tap
                instead.
        """
        if len({pair.student for pair in self.pairs}) < len(self.pairs):
            raise ValueError("a layer of the student is tapped twice; pair it with only one layer")
        for pair in self.pairs:
            layer = find_module(student.model, pair.student, "student")
            own, others = student.features[pair.student], teacher.features[pair.teacher]
            narrow, wide = own.size(1), others.size(1)
            if wide < narrow:
                raise ValueError(
                    f"'{pair.teacher}' of the teacher has {wide} channels, fewer than the {narrow}"
                    f" of '{pair.student}' of the student; tap a wider layer of the teacher or a"
                    " narrower one of the student"
                )
            if own.size(2) != others.size(2):
                raise ValueError(
                    f"'{pair.student}' has {own.size(2)} bins and '{pair.teacher}' of the teacher"
                    f" has {others.size(2)}; tap layers with equal numbers of bins"
                )
            bottleneck = InvertedBottleneck(narrow, wide, weight_axis(layer, pair.student))
            self.bottlenecks.append(bottleneck.to(own.device, own.dtype))

    def compare(
        self, index: int, student: torch.Tensor, teacher: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """See FeatureLoss.compare; the loss lies between 0 and 2."""
        latent = self.bottlenecks[index].up(student).flatten(1, 2)
        target = resample_frames(teacher, student.size(-1), valid).flatten(1, 2)
        distance = 1 - functional.cosine_similarity(latent, target, dim=1)
        return masked_mean(distance, frame_mask(valid, student.size(-1)))

    def inline(self) -> dict[Tap, nn.Module]:
        """See DistillLoss.inline."""
        # Before `prepare` there are pairs, but no bottlenecks.
        return {
            pair.student: module for pair, module in zip(self.pairs, self.bottlenecks, strict=False)
        }

    def merge(self, state: dict[str, torch.Tensor], own: dict[str, torch.Tensor]) -> None:
        """See DistillLoss.merge."""
        for index, pair in enumerate(self.pairs):
            up, down = (
                own[f"bottlenecks.{index}.{name}.weight"].double().flatten(1)
                for name in ("up", "down")
            )
            axis = round(own[f"bottlenecks.{index}.axis"].item())
            weight, bias = (f"{pair.student.path}.{name}" for name in ("weight", "bias"))
            if pair.student.side == "input":
                fold((down @ up).T, state, weight, axis)
                continue
            fold(down @ up, state, weight, axis)
            if bias in state:
                fold(down @ up, state, bias, 0)


def fold(matrix: torch.Tensor, state: dict[str, torch.Tensor], key: str, axis: int) -> None:
    """Multiply a weight by a matrix along one axis.

    Args:
        matrix: (C, C), in double precision.
        state: state dict whose tensor is replaced.
        key: key of the tensor.
        axis: axis of length C.
    """
    weight = state[key]
    folded = torch.tensordot(matrix, weight.double(), dims=([1], [axis])).movedim(0, axis)
    state[key] = folded.to(weight.dtype).contiguous()


def weight_axis(layer: nn.Module, tap: Tap) -> int:
    """Return the axis of a layer's weight that absorbs a linear map of the channels at a tap.

    Raises:
        ValueError: the layer cannot absorb it, or the tap's layout is not that of the layer.
    """
    plain = isinstance(layer, LINEAR) and "weight" in dict(layer.named_parameters(recurse=False))
    if not plain or getattr(layer, "groups", 1) != 1:
        raise ValueError(
            f"'{tap}' taps a {type(layer).__name__}, which cannot absorb a linear map; tap the"
            " output or input of a Linear, Conv or ConvTranspose layer of one group, such as"
            " 'separator.tcn.network.1' of Conv-TasNet"
        )
    linear = isinstance(layer, nn.Linear)
    if (tap.layout[-1:] if linear else (tap.layout or "bc")[1]) != "c":
        raise ValueError(
            f"'{tap}' has its channels on the {'last' if linear else 'second'} axis, but its"
            f" layout is {repr(tap.layout) if tap.layout else 'the default'}; write 'c' there"
        )
    transposed = isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d))
    return int(transposed != (tap.side == "input"))
