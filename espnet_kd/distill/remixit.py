"""RemixIT: the student separates mixtures that are made anew from the teacher's estimates."""

from __future__ import annotations

import torch
from torch import nn

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.gain import match_gain, zero_padding
from espnet_kd.distill.si_snr import si_snr
from espnet_kd.distill.teacher_update import TeacherUpdate

LIMIT = 30.0  # dB, as in the published code
TAP = "{path: encoder, side: input, layout: bt}"


class RemixITLoss(DistillLoss):
    """Negative SI-SNR to the teacher's speech and to the noise that it was mixed with anew.

    RemixIT (Tzinis et al. 2022, arXiv:2202.08862), as in the baseline of CHiME-7 UDASE. It needs
    neither transcripts nor references. For a batch of recorded mixtures x (B, L):

        s, n  = the teacher's speech and noise
        x'    = s + n_P,  with the noises of the batch in another order P
        loss  = 0.5 clamp(-SI-SNR(s, s^)) + 0.5 clamp(-SI-SNR(n_P, n^)),  clamped to +-30 dB

    where s^ and n^ are the student's speech and noise in x'. The published models estimate both;
    ours estimate speech, so n = x - s and n^ = x' - s^, and the mixture consistency is exact. Also
    our interpretation: the teacher's speech has the level that it has in the mixture, and mixtures
    are neither centered nor normalized; the student's speech gets its least-squares gain to x'
    before it is subtracted; no utterance keeps its own noise, if there are two or more (the
    published code allows it: `derange: false`); a noise that is too short is repeated. In
    evaluation, P shifts the batch by one. An utterance alone in its batch keeps its noise.

    The teacher follows the student if `every` is above 0, which needs equal architectures; see
    `TeacherUpdate`. The published running mean is momentum 0.99 every epoch, with a student that
    starts as a copy of the teacher (`--init_param`). momentum 0 is the sequential teacher. The
    command that the authors give for it updates nothing in the published code; here, it does. They
    also start a new and larger student each time; here, the same one continues.

    The tap is the waveform, in ESPnet `{path: encoder, side: input, layout: bt}`: the student runs
    again with other mixtures.

    Args:
        momentum: share of the teacher that remains in an update, 0 to below 1.
        every: number of epochs between updates of the teacher; 0: it stays as it is.
        derange: no utterance keeps its own noise.

    Raises:
        ValueError: a number is out of its range.
    """

    needs_taps = True
    least_utterances = 2

    def __init__(self, momentum: float = 0.99, every: int = 0, derange: bool = True) -> None:
        super().__init__()
        self.derange = derange
        self.update = TeacherUpdate(momentum, every)

    def prepare(self, student: Observation, teacher: Observation) -> None:
        """Check the tap, and that the teacher can follow; see DistillLoss.prepare."""
        shapes = [tuple(student.features[pair.student].shape) for pair in self.pairs]
        if len(shapes) != 1 or shapes[0][1:3] != (1, 1):
            raise ValueError(f"needs one tap, at the waveform; for ESPnet's models write {TAP}")
        self.update.attach(teacher.model, student.model)

    def begin_epoch(self, epoch: int, student: nn.Module) -> None:
        """Update the teacher; see DistillLoss.begin_epoch."""
        self.update.begin_epoch(epoch, student)

    def forward(
        self,
        student: Observation,
        teacher: Observation,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (B,) in dB, -30 to 30."""
        (pair,) = self.pairs
        mixture = student.features[pair.student][:, 0, 0]
        speech = zero_padding(teacher.signal, lengths)
        order = self.order(len(lengths)).to(lengths.device)
        noise = exchange(mixture - speech, lengths, order)
        remixed = speech + noise
        again = student.rerun({pair.student: remixed[:, None, None]})
        estimate = match_gain(again.signal, remixed, lengths)
        ratios = (
            si_snr(speech, estimate, lengths),
            si_snr(noise, remixed - estimate, lengths),
        )
        return sum(0.5 * (-ratio).clamp(-LIMIT, LIMIT) for ratio in ratios)

    def order(self, count: int) -> torch.Tensor:
        """Return whose noise each utterance gets, (count,); drawn anew in training."""
        if not self.training:
            return torch.arange(count).roll(1)
        order = torch.randperm(count)
        if not self.derange:
            return order
        result = torch.empty_like(order)
        result[order] = order.roll(1)  # one cycle through all, so nobody keeps its own
        return result


def exchange(noise: torch.Tensor, lengths: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """Give each utterance the noise of another one, repeated if it is shorter.

    Args:
        noise: (B, L).
        lengths: (B,) valid samples.
        order: (B,) whose noise each utterance gets.

    Returns:
        (B, L), zero after `lengths`.
    """
    place = torch.arange(noise.size(1), device=noise.device) % lengths[order].unsqueeze(1)
    return zero_padding(noise[order].gather(1, place), lengths)
