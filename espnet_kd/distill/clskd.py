"""CLSKD: similarities between utterances at each frame, from several levels of the teacher."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.frames import frame_mask, masked_mean, resample_frames

EPS = 1e-8  # keeps the logarithm finite where two utterances are opposite


class CLSKDLoss(DistillLoss):
    """Divergence of frame-level similarities; paths lead from the teacher's levels across layers.

    Cross-layer similarity KD (Cheng et al., Interspeech 2022, pp. 926-930). Its abstract is all
    that could be read: connection paths across layers, which fuse information of several levels of
    the teacher, and a similarity at the level of frames. The similarity here is that of the later
    published code of the same first author (I2RF-TFCKD): with the features A (B, C, F, T) of a
    layer, for two utterances b and b' of the batch at frame t,

        K_t(b, b') = cos(A_{b,:,:,t}, A_{b',:,:,t}),  p_t = (K_t + 1) / 2, rows divided by their sum
        d(p_T, p_S) = mean_{b'} (p_T - p_S) (log p_T - log p_S), mean over frames

    That code weights frames by an attention of its own, which is left out here.

    The paths are our interpretation. Layer i of the student, in the order of the taps, learns from
    the teacher's levels j <= i (from shallow to its own, as in Chen et al. 2021, "Distilling
    knowledge via knowledge review"):

        loss = mean_i d(sum_{j <= i} w_ij p_T,j, p_S,i),  w_i = softmax over j of trained weights

    The weights are trained with the student, start equal, and are discarded after training. They
    mix similarities, which have one shape at all levels, and not features: convolutions that fuse
    the teacher's features would be trained by the loss they define, and could make it 0 with
    features that say nothing.

    The loss of an utterance that is alone in its batch is 0; use batches of four or more. It does
    not depend on the scale of features, nor on the number of channels and bins.

    Args:
        learn_paths: train the weights of the paths; otherwise they stay equal.
    """

    needs_taps = True
    least_utterances = 2

    def __init__(self, learn_paths: bool = True) -> None:
        super().__init__()
        self.learn_paths = learn_paths
        self.paths: nn.Parameter | None = None

    def prepare(self, student: Observation, teacher: Observation) -> None:
        """Create the weights of the paths; see DistillLoss.prepare."""
        count = len(self.pairs)
        self.paths = nn.Parameter(torch.zeros(count, count), requires_grad=self.learn_paths)

    def weights(self) -> torch.Tensor:
        """Return (N, N): for each layer of the student, the weights of the teacher's levels."""
        deeper = torch.ones_like(self.paths, dtype=torch.bool).triu(diagonal=1)
        return self.paths.masked_fill(deeper, -torch.inf).softmax(dim=1)

    def forward(
        self,
        student: Observation,
        teacher: Observation,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (B,), at least 0."""
        valid = lengths / student.signal.size(1)
        known: dict[tuple[int, int], torch.Tensor] = {}
        losses = []
        for place, pair in enumerate(self.pairs):
            own = student.features[pair.student]
            frames = own.size(-1)
            mask = frame_mask(valid, frames)
            for level, other in enumerate(self.pairs[: place + 1]):
                if (level, frames) not in known:
                    taught = resample_frames(teacher.features[other.teacher], frames, valid)
                    known[level, frames] = similarities(taught, mask)
            levels = torch.stack([known[level, frames] for level in range(place + 1)])
            fused = (self.weights()[place, : place + 1, None, None, None] * levels).sum(dim=0)
            losses.append(divergence(fused, similarities(own, mask), mask))
        return torch.stack(losses).mean(dim=0)


def similarities(feature: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Compare the utterances of a batch with each other at each frame.

    Args:
        feature: (B, C, F, T).
        mask: (B, T) of 1.0 and 0.0, valid frames.

    Returns:
        (T, B, B), at least 0; rows have the sum 1 over the utterances that are long enough.
    """
    rows = feature.permute(3, 0, 1, 2).flatten(2)
    rows = functional.normalize(rows.masked_fill(mask.T[:, :, None] == 0, 0.0), dim=2)
    both = mask.T[:, :, None] * mask.T[:, None]
    shares = (rows @ rows.transpose(1, 2) + 1) / 2 * both
    return shares / shares.sum(dim=2, keepdim=True).clamp(min=EPS)


def divergence(taught: torch.Tensor, own: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Compute d for each utterance.

    Args:
        taught: (T, B, B) similarities of the teacher.
        own: the student's.
        mask: (B, T) of 1.0 and 0.0, valid frames.

    Returns:
        (B,).
    """
    logs = [shares.clamp(min=EPS).log() for shares in (taught, own)]
    sums = ((taught - own) * (logs[0] - logs[1])).sum(dim=2)
    return masked_mean(sums.T / mask.sum(dim=0).clamp(min=1), mask)
