"""Output KD: compare the student's signal with the teacher's."""

from __future__ import annotations

import torch

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.si_snr import si_snr


class OutputLoss(DistillLoss):
    """Negative SI-SNR to the teacher's signal, -SI-SNR(s_T, s_S) in dB.

    Both signals are (B, L); the ratio is computed over the valid samples of each utterance. The
    teacher's signal gets no gradient.

    Restricted to REAL batches, this loss is the second term of Wang et al. 2022, eq. (1), with the
    teacher online. On all batches, it is plain output KD, the control for every other method.
    Its use as the "sequence level" of frame- and sequence-level KD is our interpretation, since
    that paper gives no formula.
    """

    def forward(
        self,
        student: Observation,
        teacher: Observation | None,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (B,) in dB."""
        return -si_snr(teacher.signal, student.signal, lengths)
