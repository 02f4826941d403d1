"""Frame-level KD through a recognizer: compare its CTC posteriors for the two signals."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.frames import frame_mask, masked_mean
from espnet_kd.distill.frozen import Frozen
from espnet_kd.distill.gain import match_gain


class PosteriorLoss(DistillLoss):
    """KL(p_T || p_S) of a frozen recognizer's CTC posteriors for the two signals, frame by frame.

    temperature^2 * mean_t sum_v p_T(v | t) (log p_T(v | t) - log p_S(v | t)), where p (B, T', V) is
    the softmax over the tokens v of the CTC logits divided by the temperature, and the mean is
    over the recognizer's valid frames t. The factor temperature^2 keeps the size of the gradients
    the same at any temperature (Hinton et al. 2015).

    It is a term of our own for frame- and sequence-level KD, whose source publishes no formula. It
    looks at the recognizer's output, but at each frame on its own, so it is not a loss of whole
    sequences; HypothesisLoss is. The level is ours as well: the recognizer expects speech at the
    level of its training, so one least-squares gain per utterance brings the student's signal to
    the level of the teacher's.

    Args:
        recognizer: `espnet_kd.enh.recognizer.Recognizer`, or an object with its `encode` and
            `ctc_log_probs`; it is frozen.
        temperature: values above 1 make the posteriors softer.

    Raises:
        ValueError: the temperature is not above 0.
    """

    resources = ("recognizer",)

    def __init__(self, recognizer: Any, temperature: float = 1.0):
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature is {temperature}, give a number above 0")
        self.recognizer = Frozen(recognizer)
        self.temperature = temperature

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Check that the recognizer returns posteriors; see DistillLoss.prepare."""
        signal = student.signal
        self._log_posteriors(signal, torch.full((1,), signal.size(1), device=signal.device))

    def forward(
        self,
        student: Observation,
        teacher: Observation | None,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (B,) in nats, at least 0, and 0 for equal posteriors."""
        with torch.no_grad():
            target, frames = self._log_posteriors(teacher.signal, lengths)
        levelled = match_gain(student.signal, teacher.signal, lengths)
        estimate, _ = self._log_posteriors(levelled, lengths)
        divergence = functional.kl_div(estimate, target, reduction="none", log_target=True)
        per_frame = self.temperature**2 * divergence.sum(dim=2)
        num_frames = per_frame.size(1)
        return masked_mean(per_frame, frame_mask(frames / num_frames, num_frames))

    def _log_posteriors(
        self, signal: torch.Tensor, lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        recognizer = self.recognizer.module
        latents, frames = recognizer.encode(signal, lengths)
        log_probs = recognizer.ctc_log_probs(latents)
        return functional.log_softmax(log_probs / self.temperature, dim=2), frames
