"""Sequence-level KD: the CTC loss of the recognizer's hypothesis for the teacher's signal."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.frozen import Frozen
from espnet_kd.distill.gain import match_gain

BLANK = 0  # of ESPnet's CTC


class HypothesisLoss(DistillLoss):
    """-log P(y_T | s_S) / max(1, |y_T|), through a frozen recognizer with CTC.

    y_T is the greedy hypothesis of the teacher's signal: the most probable token of each frame,
    without repetitions and blanks. P is the CTC probability of this whole sequence given the
    student's signal, a sum over all its alignments. Unlike PosteriorLoss, which compares frame by
    frame, the loss does not ask that tokens come at the teacher's frames, but that the utterance
    is read as the teacher's.

    This is one reading of the "sequence-level" term of frame- and sequence-level KD, whose source
    publishes no formula: training on the teacher's best hypothesis. CTC, the greedy search, the
    normalization per token, and the level are ours: one least-squares gain per utterance brings the
    student's signal to the level of the teacher's.

    Even for the teacher's own signal the loss is not 0, because other sequences have a probability,
    too. Where the recognizer hears nothing in the teacher's signal, all frames should be blank.

    Args:
        recognizer: `espnet_kd.enh.recognizer.Recognizer`, or an object with its `encode` and
            `ctc_log_probs`; it is frozen.
    """

    resources = ("recognizer",)

    def __init__(self, recognizer: Any):
        super().__init__()
        self.recognizer = Frozen(recognizer)

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Check that the recognizer has CTC; see DistillLoss.prepare."""
        signal = student.signal
        self._log_probs(signal, torch.full((1,), signal.size(1), device=signal.device))

    def forward(
        self,
        student: Observation,
        teacher: Observation | None,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (B,) in nats per token, at least 0."""
        with torch.no_grad():
            tokens, counts = collapse(*self._log_probs(teacher.signal, lengths))
        levelled = match_gain(student.signal, teacher.signal, lengths)
        log_probs, frames = self._log_probs(levelled, lengths)
        if not log_probs.size(1):  # all are too short for the recognizer
            return 0.0 * levelled.sum(dim=1)
        loss = functional.ctc_loss(
            log_probs.transpose(0, 1), tokens, frames, counts, BLANK, "none", True
        )
        return loss / counts.clamp(min=1)

    def _log_probs(
        self, signal: torch.Tensor, lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log posteriors (B, T', V) and frame counts (B,)."""
        recognizer = self.recognizer.module
        latents, frames = recognizer.encode(signal, lengths)
        return recognizer.ctc_log_probs(latents), frames.to(signal.device).long()


def collapse(log_probs: torch.Tensor, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the greedy hypothesis of each utterance.

    Args:
        log_probs: (B, T', V) log posteriors.
        frames: (B,) valid frames.

    Returns:
        (B, T') tokens, BLANK after the last one, and their number (B,).
    """
    best = log_probs.argmax(dim=2)
    before = functional.pad(best[:, :-1], (1, 0), value=BLANK)
    valid = torch.arange(best.size(1), device=best.device) < frames.unsqueeze(1)
    kept = valid & (best != BLANK) & (best != before)
    # Each kept token goes to its place in the hypothesis, all others behind the end.
    place = torch.where(kept, kept.cumsum(dim=1) - 1, best.size(1))
    tokens = functional.pad(torch.full_like(best, BLANK), (0, 1), value=BLANK)
    return tokens.scatter(1, place, best)[:, :-1], kept.sum(dim=1)
