"""Similarity-preserving KD: the student's frames resemble one another as the teacher's do."""

from __future__ import annotations

import torch
from torch.nn import functional

from espnet_kd.distill.base import FeatureLoss, Observation
from espnet_kd.distill.frames import frame_mask, masked_mean, resample_frames

KINDS = ("time", "frequency", "batch")


class GramLoss(FeatureLoss):
    """Mean squared difference between row-normalized Gram matrices of student and teacher.

    With the features A, of any number of channels, the Gram matrix G of an utterance b is

        time:       G_{tt'} = <A_{b,:,:,t}, A_{b,:,:,t'}>   (T, T)
        frequency:  G_{ff'} = <A_{b,:,f,:}, A_{b,:,f',:}>   (F, F)
        batch:      G_{bb'} = <A_{b,:,:,t}, A_{b',:,:,t}>   (B, B) at each frame t

    and the loss is mean (G_S / |G_S| - G_T / |G_T|)^2, |.| being the L2 norm of a row, over all
    entries of valid frames; for "batch" over the row b of all frames.

    Tung and Mori 2019 (similarity-preserving KD) have the BxB matrix of whole activations, so
    normalized, and this mean. Nathoo et al. 2023 (two-step KD; arXiv 2309.08144) train with
    fine-grained ones first and with supervision afterward. Their exact axes are our reading.

    A row has norm 1, so the loss shrinks as 1/T, 1/F or 1/B. It is blind to the features' scale.
    "time" takes T^2 floats an utterance: use chunks of some seconds. In "batch" an utterance
    alone in its batch gives 0.

    Args:
        kind: "time", "frequency" or "batch".

    Raises:
        ValueError: an unknown kind.
    """

    def __init__(self, kind: str = "time"):
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind is '{kind}', not one of {', '.join(KINDS)}")
        self.kind = kind

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Check the frequency axes; see DistillLoss.prepare."""
        for pair in self.pairs:
            bins = student.features[pair.student].size(2), teacher.features[pair.teacher].size(2)
            if self.kind == "frequency" and (bins[0] != bins[1] or bins[0] == 1):
                raise ValueError(
                    f"kind 'frequency' compares equal frequency axes of more than one bin, but"
                    f" '{pair.student}' has {bins[0]} and '{pair.teacher}' {bins[1]}"
                )

    def compare(
        self, index: int, student: torch.Tensor, teacher: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """See FeatureLoss.compare."""
        if self.kind == "frequency":  # whatever the frame rates
            own, others = (
                _gram(
                    _silence_padding(feature, frame_mask(valid, feature.size(-1))).transpose(1, 2)
                )
                for feature in (student, teacher)
            )
            return (own - others).square().mean(dim=(1, 2))
        teacher = resample_frames(teacher, student.size(-1), valid)
        mask = frame_mask(valid, student.size(-1))
        axes = (0, 3, 1, 2) if self.kind == "time" else (3, 0, 1, 2)
        own, others = (
            _gram(_silence_padding(feature, mask).permute(axes)) for feature in (student, teacher)
        )
        squares = (own - others).square().sum(dim=2)
        if self.kind == "time":
            return masked_mean(squares / mask.sum(dim=1, keepdim=True), mask)
        # A frame has as many entries in a row as utterances that are so long.
        return masked_mean(squares.T / mask.sum(dim=0).clamp(min=1), mask)


def _gram(rows: torch.Tensor) -> torch.Tensor:
    """Products of N vectors, (M, N, ...) to (M, N, N), each row of norm 1."""
    rows = rows.flatten(2)
    return functional.normalize(rows @ rows.transpose(1, 2), dim=2)


def _silence_padding(feature: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Make padding zero, which leaves other entries of a Gram matrix and norms as they are."""
    return feature.masked_fill(mask[:, None, None] == 0, 0.0)
