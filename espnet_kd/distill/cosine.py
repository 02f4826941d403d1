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
        transposed: whether the weight of the layer before has its output channels on axis 1, as
            transposed convolutions have; kept in the state dict for `fold_into`.
    """

    def __init__(self, narrow: int, wide: int, transposed: bool = False):
        super().__init__()
        self.up = nn.Conv2d(narrow, wide, 1, bias=False)
        self.down = nn.Conv2d(wide, narrow, 1, bias=False)
        self.register_buffer("transposed", torch.tensor(transposed))
        nn.init.orthogonal_(self.up.weight)  # columns of norm 1, so that the transpose inverts it
        with torch.no_grad():
            self.down.weight.copy_(self.up.weight.transpose(0, 1))

    def forward(self, feature: torch.Tensor) -> torch.Tensor:
        """Map (B, C_S, F, T) to its like."""
        return self.down(self.up(feature))


class CosineLoss(FeatureLoss):
    """Mean cosine distance of student's and teacher's latents, frame by frame.

        L = mean_t [1 - cos(vec(up z_S(t)), vec(z_T(t)))]

    vec being over channels and bins. Behind the tapped layer of the student stands an inverted
    bottleneck (`up`, `down`: 1x1, no bias, no activation), trained with the student; afterwards
    `down up` is folded into the weight of that layer, so that the student is what it was.

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
            check_mergeable(layer, pair.student)
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
            transposed = isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d))
            self.bottlenecks.append(InvertedBottleneck(narrow, wide, transposed).to(own))

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
            axis = int(own[f"bottlenecks.{index}.transposed"])
            fold(down @ up, state, f"{pair.student.path}.weight", axis)
            if f"{pair.student.path}.bias" in state:
                fold(down @ up, state, f"{pair.student.path}.bias", 0)


def fold(matrix: torch.Tensor, state: dict[str, torch.Tensor], key: str, axis: int) -> None:
    """Multiply an axis of a weight by a matrix.

    Args:
        matrix: (C, C), in double precision.
        state: state dict whose tensor is replaced.
        key: of the tensor.
        axis: of its output channels, C long.
    """
    weight = state[key]
    folded = torch.tensordot(matrix, weight.double(), dims=([1], [axis])).movedim(0, axis)
    state[key] = folded.to(weight.dtype).contiguous()


def check_mergeable(layer: nn.Module, tap: Tap) -> None:
    """Refuse a layer that cannot take up a linear map of its output channels.

    Raises:
        ValueError: it is no plain linear layer, or the tap is not its output.
    """
    instead = "tap the output of a Linear, Conv or ConvTranspose layer of one group, such as"
    instead += " 'separator.tcn.network.1' of Conv-TasNet"
    if tap.side != "output":
        raise ValueError(f"'{tap}' is an input, behind which nothing can be merged; {instead}")
    plain = isinstance(layer, LINEAR) and "weight" in dict(layer.named_parameters(recurse=False))
    if not plain or getattr(layer, "groups", 1) != 1:
        raise ValueError(
            f"'{tap}' is a {type(layer).__name__}, which takes up no linear map; {instead}"
        )
    of_channels = tap.layout[-1:] if isinstance(layer, nn.Linear) else (tap.layout or "bc")[1]
    if of_channels != "c":
        where = "last" if isinstance(layer, nn.Linear) else "second"
        raise ValueError(
            f"'{tap}' gives its channels on the {where} axis, but its layout is"
            f" '{tap.layout or 'the default'}'; write 'c' there"
        )
