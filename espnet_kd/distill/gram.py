"""Similarity-preserving KD: reproduce the similarities between the teacher's features."""

from __future__ import annotations

import torch
from torch.nn import functional

from espnet_kd.distill.base import FeatureLoss, Observation
from espnet_kd.distill.frames import frame_mask, masked_mean, resample_frames

KINDS = ("time", "frequency", "batch", "bin", "whole")
BETWEEN_UTTERANCES = ("batch", "bin", "whole")
EQUAL_BINS = ("frequency", "bin")


class GramLoss(FeatureLoss):
    """Mean squared difference between row-normalized Gram matrices of student and teacher.

    For features A (B, C, F, T) with any number of channels, the Gram matrix G compares

        time:       frames of an utterance,  G_{tt'} = <A_{b,:,:,t}, A_{b,:,:,t'}>   (T, T)
        frequency:  bins of an utterance,    G_{ff'} = <A_{b,:,f,:}, A_{b,:,f',:}>   (F, F)
        batch:      utterances, frame by frame:  G_{bb'} = <A_{b,:,:,t}, A_{b',:,:,t}>   (B, B)
        bin:        utterances, bin by bin:      G_{bb'} = <A_{b,:,f,t}, A_{b',:,f,t}>   (B, B)
        whole:      utterances as a whole:       G_{bb'} = <A_b, A_b'>                   (B, B)

    and the loss is mean (G_S / |G_S| - G_T / |G_T|)^2, where |.| is the L2 norm of a row. The mean
    is over all entries of valid frames; between utterances, over the entries of row b.

    `whole` is similarity-preserving KD (Tung and Mori 2019), with their normalization and mean.
    Nathoo et al. 2023 (two-step KD; arXiv 2309.08144) match Gram matrices of parts of an
    activation first and train with supervision afterward. No public text states their axes, so the
    other kinds are our interpretation.

    A row has norm 1, so the loss shrinks as 1/T, 1/F or 1/B. It does not depend on the scale of
    the features. "time" takes T^2 floats per utterance: at 1600 frames a second, average frames
    with `stride`. Kinds that compare utterances see those of one process only, and are 0 for an
    utterance that is alone there; `tasks/checks/batch_sizes.py` rejects such trainings.

    Args:
        kind: "time", "frequency", "batch", "bin" or "whole".
        stride: for "time", frames that are averaged before they are compared (ours).

    Raises:
        ValueError: the kind is unknown, or the stride is below 1 or given for another kind.
    """

    def __init__(self, kind: str = "time", stride: int = 1):
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind is '{kind}', not one of {', '.join(KINDS)}")
        if type(stride) is not int or stride < 1:
            raise ValueError(f"stride is {stride!r}, give a whole number of frames, at least 1")
        if stride > 1 and kind != "time":
            raise ValueError(f"stride is for kind 'time', not '{kind}'; leave it out")
        self.kind = kind
        self.stride = stride

    @classmethod
    def needed_utterances(cls, kind: str = "time", **_conf: object) -> int:
        """See DistillLoss.needed_utterances."""
        return 2 if kind in BETWEEN_UTTERANCES else 1

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Check the frequency axes; see DistillLoss.prepare."""
        for pair in self.pairs:
            bins = student.features[pair.student].size(2), teacher.features[pair.teacher].size(2)
            one = self.kind == "frequency" and bins[0] == 1
            if self.kind in EQUAL_BINS and (bins[0] != bins[1] or one):
                least = " of more than one bin" if self.kind == "frequency" else ""
                raise ValueError(
                    f"kind '{self.kind}' compares equal frequency axes{least}, but"
                    f" '{pair.student}' has {bins[0]} and '{pair.teacher}' has {bins[1]}"
                )

    def compare(
        self, index: int, student: torch.Tensor, teacher: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """See FeatureLoss.compare."""
        if self.kind in ("frequency", "whole"):  # the frame rates may differ
            return self._whole(student, teacher, valid)
        teacher = resample_frames(teacher, student.size(-1), valid)
        mask = frame_mask(valid, student.size(-1))
        if self.kind == "time":
            student, _ = _average_frames(student, mask, self.stride)
            teacher, mask = _average_frames(teacher, mask, self.stride)
            own, others = (_gram(feature.permute(0, 3, 1, 2)) for feature in (student, teacher))
            squares = (own - others).square().sum(dim=2)
            return masked_mean(squares / mask.sum(dim=1, keepdim=True), mask)
        own, others = (
            # (T, F, B, C), or (T, 1, B, C F): one matrix for each bin, or for each frame
            _gram(_split(_silence_padding(feature, mask), self.kind).flatten(0, 1))
            for feature in (student, teacher)
        )
        squares = (own - others).square().sum(dim=2)
        per_frame = squares.unflatten(0, (mask.size(1), -1)).mean(dim=1)  # (T, B)
        # At each frame, a row has one entry for every utterance that is long enough.
        return masked_mean(per_frame.T / mask.sum(dim=0).clamp(min=1), mask)

    def _whole(
        self, student: torch.Tensor, teacher: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        silenced = (
            _silence_padding(feature, frame_mask(valid, feature.size(-1)))
            for feature in (student, teacher)
        )
        if self.kind == "frequency":
            own, others = (_gram(feature.transpose(1, 2)) for feature in silenced)
            return (own - others).square().mean(dim=(1, 2))
        own, others = (_gram(feature.flatten(1).unsqueeze(0)) for feature in silenced)
        return (own - others).square().mean(dim=2).squeeze(0)


def _gram(rows: torch.Tensor) -> torch.Tensor:
    """Map (M, N, ...) to the Gram matrices of N vectors, (M, N, N), with rows of norm 1."""
    rows = rows.flatten(2)
    return functional.normalize(rows @ rows.transpose(1, 2), dim=2)


def _split(feature: torch.Tensor, kind: str) -> torch.Tensor:
    """Permute (B, C, F, T) to (T, F, B, C) for "bin", or to (T, 1, B, C F) for "batch"."""
    if kind == "bin":
        return feature.permute(3, 2, 0, 1)
    return feature.permute(3, 0, 1, 2).flatten(2).unsqueeze(1)


def _silence_padding(feature: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Set padding to zero, which keeps all other entries of a Gram matrix and its norms."""
    return feature.masked_fill(mask[:, None, None] == 0, 0.0)


def _average_frames(
    feature: torch.Tensor, mask: torch.Tensor, stride: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Average each group of `stride` frames over its valid ones; return the groups' mask, too.

    Args:
        feature: (B, C, F, T).
        mask: (B, T) of 1.0 and 0.0.
        stride: frames in a group; the last group may be smaller.

    Returns:
        (B, C, F, T') and (B, T'), T' = ceil(T / stride).
    """
    feature = _silence_padding(feature, mask)
    if stride == 1:
        return feature, mask
    missing = -feature.size(-1) % stride
    sums, counts = (
        functional.pad(values, (0, missing)).unflatten(-1, (-1, stride)).sum(dim=-1)
        for values in (feature, mask)
    )
    return sums / counts.clamp(min=1)[:, None, None].to(sums.dtype), (counts > 0).to(mask.dtype)
