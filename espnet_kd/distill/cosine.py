"""Alignment of latents by cosine distance through a linear inverted bottleneck."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from espnet_kd.distill.base import FeatureLoss, Observation
from espnet_kd.distill.frames import frame_mask, masked_mean, resample_frames
from espnet_kd.distill.taps import Tap, find_module

LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)


class InvertedBottleneck(nn.Module):
    """Linear maps C_S -> C_E -> C_S of each frame and bin, C_E >= C_S; the identity at first.

    Args:
        narrow: C_S.
        wide: C_E.
        axis: of the weight that takes it up; kept in the state dict for `CosineLoss.merge`.
    """

    def __init__(self, narrow: int, wide: int, axis: int = 0):
        super().__init__()
        self.up = nn.Conv2d(narrow, wide, 1, bias=False)
        self.down = nn.Conv2d(wide, narrow, 1, bias=False)
        # A float, because ESPnet's average of checkpoints sums whole numbers up.
        self.register_buffer("axis", torch.tensor(float(axis)))
        nn.init.orthogonal_(self.up.weight)  # columns of norm 1, so that the transpose inverts it
        with torch.no_grad():
            self.down.weight.copy_(self.up.weight.transpose(0, 1))

    def forward(self, feature: torch.Tensor) -> torch.Tensor:
        """Map (B, C_S, F, T) to its like."""
        return self.down(self.up(feature))


class CosineLoss(FeatureLoss):
    """Mean cosine distance of student's and teacher's latents, frame by frame.

        L = mean_t [1 - cos(vec(up z_S(t)), vec(z_T(t)))]

    with latents z_S (B, C_S, F, T) and z_T (B, C_T, F, T_T), up z_S (B, C_T, F, T), vec being over
    channels and bins, and the mean over the valid frames t. At the tap, behind or before a linear
    layer of the student, stands an inverted bottleneck (`up`, `down`: 1x1, no bias, no activation),
    trained with the student; afterward `down up` is folded into the weight of that layer, so that
    the student has its own layers alone.

    Luong et al. 2025 (arXiv 2505.03442) name the linear inverted bottleneck and the cosine
    distance; sizes and places are our reading. Theirs is in the teacher, too; ours is given, so
    both meet in the teacher's width, C_E = C_T, and the student starts unchanged. A teacher of
    another frame rate is interpolated.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bottlenecks = nn.ModuleList()

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Make a bottleneck for each pair; see DistillLoss.prepare.

        Raises:
            ValueError: the teacher is narrower than the student or has other bins, or the tapped
                layer of the student cannot take the bottleneck up; says what to tap instead.
        """
        if len({pair.student for pair in self.pairs}) < len(self.pairs):
            raise ValueError("a layer of the student is tapped twice; pair it with one layer")
        for pair in self.pairs:
            layer = find_module(student.model, pair.student, "student")
            own, others = student.features[pair.student], teacher.features[pair.teacher]
            narrow, wide = own.size(1), others.size(1)
            if wide < narrow:
                raise ValueError(
                    f"'{pair.teacher}' of the teacher has {wide} channels, '{pair.student}' of the"
                    f" student {narrow}: no inverted bottleneck; tap a wider layer of the teacher"
                    " or a narrower one of the student"
                )
            if own.size(2) != others.size(2):
                raise ValueError(
                    f"'{pair.student}' has {own.size(2)} bins and '{pair.teacher}' of the teacher"
                    f" {others.size(2)}; tap layers with as many"
                )
            bottleneck = InvertedBottleneck(narrow, wide, weight_axis(layer, pair.student))
            self.bottlenecks.append(bottleneck.to(own.device, own.dtype))

    def compare(
        self, index: int, student: torch.Tensor, teacher: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """See FeatureLoss.compare; 0 to 2."""
        latent = self.bottlenecks[index].up(student).flatten(1, 2)
        target = resample_frames(teacher, student.size(-1), valid).flatten(1, 2)
        distance = 1 - functional.cosine_similarity(latent, target, dim=1)
        return masked_mean(distance, frame_mask(valid, student.size(-1)))

    def inline(self) -> dict[Tap, nn.Module]:
        """See DistillLoss.inline."""
        return {
            pair.student: module
            for pair, module in zip(self.pairs, self.bottlenecks, strict=False)  # none at first
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
    """Multiply an axis of a weight by a matrix.

    Args:
        matrix: (C, C), in double precision.
        state: state dict whose tensor is replaced.
        key: of the tensor.
        axis: C long.
    """
    weight = state[key]
    folded = torch.tensordot(matrix, weight.double(), dims=([1], [axis])).movedim(0, axis)
    state[key] = folded.to(weight.dtype).contiguous()


def weight_axis(layer: nn.Module, tap: Tap) -> int:
    """Axis of a layer's weight that a linear map of the channels at a tap is folded into.

    Raises:
        ValueError: the layer cannot take it up, or the tap's layout is another than the layer's.
    """
    plain = isinstance(layer, LINEAR) and "weight" in dict(layer.named_parameters(recurse=False))
    if not plain or getattr(layer, "groups", 1) != 1:
        raise ValueError(
            f"'{tap}' is of a {type(layer).__name__}, which takes up no linear map; tap the output"
            " or input of a Linear, Conv or ConvTranspose layer of one group, such as"
            " 'separator.tcn.network.1' of Conv-TasNet"
        )
    linear = isinstance(layer, nn.Linear)
    if (tap.layout[-1:] if linear else (tap.layout or "bc")[1]) != "c":
        raise ValueError(
            f"'{tap}' has its channels on the {'last' if linear else 'second'} axis, but its"
            f" layout is '{tap.layout or 'the default'}'; write 'c' there"
        )
    transposed = isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d))
    return int(transposed != (tap.side == "input"))
