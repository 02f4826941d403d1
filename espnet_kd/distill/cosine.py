"""Align latents by cosine distance through a linear inverted bottleneck."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from espnet_kd.distill.base import FeatureLoss, Observation
from espnet_kd.distill.bottleneck import (
    InvertedBottleneck,
    is_complex_layer,
    merge_bottleneck,
    weight_axis,
)
from espnet_kd.distill.frames import frame_mask, masked_mean, resample_frames
from espnet_kd.distill.taps import Tap, find_module


class CosineLoss(FeatureLoss):
    """Mean cosine distance between latents of student and teacher, frame by frame.

        L = mean_t [1 - cos(vec(up z_S(t)), vec(z_T(t)))]

    with latents z_S (B, C_S, F, T) and z_T (B, C_T, F, T_T), and up z_S (B, C_T, F, T). vec runs
    over channels and bins, and the mean over the valid frames t. An inverted bottleneck (`up`,
    `down`: 1x1, no bias, no activation) is inserted at the tap, after or before a linear layer of
    the student, and trained with the student. Afterward `down up` is folded into the weight of
    that layer, so the student keeps only its own layers.

    Luong et al. 2025 (arXiv 2505.03442) name the linear inverted bottleneck and the cosine
    distance. No public text has its sizes and places, whether the teacher has one as well, or how
    the loss is combined with others; all of this is our interpretation. Our teacher is already
    trained, so its own width is used for both, C_E = C_T, and the student starts unchanged. A
    teacher with another frame rate is interpolated.

    At a complex convolution, such as `separator.encoder.5.0` of ESPnet's DCCRN, the bottleneck is
    complex, and the cosine is that of real and imaginary parts as one vector. At DCCRN's decoder,
    say that the model discards the first frame:

        - student: {path: separator.decoder.0.0, skip_frames: 1}
          teacher: separator.decoder.0.complex_out
    """

    def __init__(self) -> None:
        super().__init__()
        self.bottlenecks = nn.ModuleList()

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Create a bottleneck for each pair; see DistillLoss.prepare.

        Raises:
            ValueError: the teacher's layer is narrower than the student's, has other bins or (for
                a complex layer) an odd number of channels, or the student's layer cannot absorb a
                bottleneck; the message says what to tap instead.
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
            is_complex = is_complex_layer(layer)
            if is_complex and wide % 2:
                raise ValueError(
                    f"'{pair.student}' is complex, but '{pair.teacher}' of the teacher has {wide}"
                    " channels, an odd number; tap a layer with an even number"
                )
            axis = weight_axis(layer, pair.student)
            bottleneck = InvertedBottleneck(narrow, wide, axis, is_complex)
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
            prefix = f"bottlenecks.{index}."
            of_pair = {
                key[len(prefix) :]: value for key, value in own.items() if key.startswith(prefix)
            }
            merge_bottleneck(state, pair.student, of_pair)
