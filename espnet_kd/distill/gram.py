"""Similarity-preserving KD: reproduce the similarities between the teacher's features."""

from __future__ import annotations

import torch
from torch.nn import functional

from espnet_kd.distill.base import FeatureLoss, Observation
from espnet_kd.distill.frames import frame_mask, masked_mean, resample_frames

KINDS = ("time", "frequency", "batch")


class GramLoss(FeatureLoss):
    """Mean squared difference between row-normalized Gram matrices of student and teacher.

    For features A with any number of channels, the Gram matrix G of an utterance b is

        time:       G_{tt'} = <A_{b,:,:,t}, A_{b,:,:,t'}>   (T, T)
        frequency:  G_{ff'} = <A_{b,:,f,:}, A_{b,:,f',:}>   (F, F)
        batch:      G_{bb'} = <A_{b,:,:,t}, A_{b',:,:,t}>   (B, B) at each frame t

    and the loss is mean (G_S / |G_S| - G_T / |G_T|)^2, where |.| is the L2 norm of a row. The mean
    is over all entries of valid frames; for "batch", over the entries of row b at all frames.

    Tung and Mori 2019 (similarity-preserving KD) use the BxB matrix of whole activations, with
    this normalization and this mean. Nathoo et al. 2023 (two-step KD; arXiv 2309.08144) train
    with fine-grained matrices first and with supervision afterward. Their exact axes are our
    interpretation.

    A row has norm 1, so the loss shrinks as 1/T, 1/F or 1/B. It does not depend on the scale of
    the features. "time" takes T^2 floats per utterance: use chunks of a few seconds. With
    "batch", the loss of an utterance that is alone in its batch is 0.

    Args:
        kind: "time", "frequency" or "batch".

    Raises:
        ValueError: the kind is unknown.
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
                    f" '{pair.student}' has {bins[0]} and '{pair.teacher}' has {bins[1]}"
                )

    def compare(
        self, index: int, student: torch.Tensor, teacher: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """See FeatureLoss.compare."""
        if self.kind == "frequency":  # the frame rates may differ
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
        # At each frame, a row has one entry for every utterance that is long enough.
        return masked_mean(squares.T / mask.sum(dim=0).clamp(min=1), mask)


def _gram(rows: torch.Tensor) -> torch.Tensor:
    """Map (M, N, ...) to the Gram matrices of N vectors, (M, N, N), with rows of norm 1."""
    rows = rows.flatten(2)
    return functional.normalize(rows @ rows.transpose(1, 2), dim=2)


def _silence_padding(feature: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Set padding to zero, which keeps all other entries of a Gram matrix and its norms."""
    return feature.masked_fill(mask[:, None, None] == 0, 0.0)
