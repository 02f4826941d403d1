"""Latent mixup KD: mix and decode the latents of one clean utterance with two noises."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.distributions import Beta

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.frames import frame_mask, masked_mean, resample_frames
from espnet_kd.distill.settings import check_weight
from espnet_kd.distill.si_snr import si_snr

EPS = 1e-12  # far below the mean square of a code, which may be 1e-6 like that of the waveform


class LatentMixupLoss(DistillLoss):
    """L_lat + decoder_weight L_dec + cross_weight L_cross, after Gholami et al. 2024.

    The idea is theirs (Interspeech 2024, pp. 652-656; JSTSP 18(8), doi 10.1109/JSTSP.2024.3524022):
    mix latents of the same clean utterance s with different noises. The formulas are our
    interpretation. Rows b and B + b of a batch are x^1 = s + n^1 and x^2 = s + n^2, and z_S and
    z_T are the latents (C, F, T) of student and teacher:

        z^mix = lambda z^1 + (1 - lambda) z^2,  lambda ~ Beta(alpha, alpha), one per utterance
        L_lat = mean over the taps of d(P z_S^mix, z_T^mix) + d(P z_S^1, z_T^1) + d(P z_S^2, z_T^2)
        L_dec = -SI-SNR(s, D_S(z_S^mix))
        L_cross = -SI-SNR(s, D_T(P z_S^mix)), with gradients through the frozen teacher

    P is a 1x1 convolution C_S -> C_T for each tap, used in training only. d(p, z) = sum (p - z)^2
    / sum z^2 over the valid frames of an utterance does not depend on C, F, T or the teacher's
    level. Row B + b is mixed the other way round, lambda z^2 + (1 - lambda) z^1, so no row is
    computed twice. In evaluation, lambda is 0.5. Each row has the whole loss, while the supervised
    loss is a mean over rows: weight 0.5 balances them as in L_SE^1 + L_SE^2 + L_lat + L_dec.

    D sees mixed latents only if every path to the output, including skips, passes a tap. In
    ESPnet's Conv-TasNet, tap the code, which the mask also multiplies, and the last running sum of
    the TCN. In its DCCRN, tap the waveform (the mask multiplies its spectrum), the skips, and the
    bottleneck together with the last skip:

        # encoder: conv, separator: tcn
        - {path: separator, side: input, layout: btc}
        - {path: separator.tcn.network.3, side: input}
        # encoder: stft, separator: dccrn with six layers
        - {path: encoder, side: input, layout: bt}
        - separator.encoder.0  # and 1 to 4
        - {path: separator.decoder.0, side: input}

    Args:
        alpha: parameter of the Beta distribution, above 0. With small values, one of the two
            latents dominates; 1 is uniform.
        decoder_weight: weight of L_dec.
        cross_weight: weight of L_cross.

    Raises:
        ValueError: alpha is not above 0.
        UserError: a weight is negative or not a number.
    """

    needs_reference = True
    needs_pairs = True
    needs_taps = True

    def __init__(
        self, alpha: float = 0.4, decoder_weight: float = 1.0, cross_weight: float = 0.0
    ) -> None:
        super().__init__()
        if not 0 < alpha < math.inf:
            raise ValueError(f"alpha is {alpha}, Beta(alpha, alpha) needs a number above 0")
        check_weight("latent_mixup, decoder_weight", decoder_weight)
        check_weight("latent_mixup, cross_weight", cross_weight)
        self.alpha = alpha
        self.decoder_weight = decoder_weight
        self.cross_weight = cross_weight
        self.projections = nn.ModuleList()

    def prepare(self, student: Observation, teacher: Observation) -> None:
        """Create P for each tap; see DistillLoss.prepare."""
        self.projections = nn.ModuleList()
        for pair in self.pairs:
            latent, target = student.features[pair.student], teacher.features[pair.teacher]
            if latent.size(2) != target.size(2):
                raise ValueError(
                    f"the student's '{pair.student}' has {latent.size(2)} frequencies and the "
                    f"teacher's '{pair.teacher}' has {target.size(2)}, which a 1x1 convolution "
                    "cannot align"
                )
            self.projections.append(_projection(latent, target.size(1)))

    def forward(
        self,
        student: Observation,
        teacher: Observation,
        reference: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (2B,) for B clean utterances, each with two noises."""
        weight = self.mixing_weights(len(lengths) // 2).repeat(2).to(student.signal)
        valid = lengths.double() / student.signal.size(1)
        distances, mixed, mixed_for_teacher = [], {}, {}
        for pair, project in zip(self.pairs, self.projections, strict=True):
            latent, taught = student.features[pair.student], teacher.features[pair.teacher]
            target = resample_frames(taught, latent.size(-1), valid)
            guess = project(latent)
            mixed_guess = mix_halves(guess, weight)  # P z^mix: P is affine, weights sum to 1
            alone = relative_distance(guess, target, valid)
            both = relative_distance(mixed_guess, mix_halves(target, weight), valid)
            distances.append(both + alone + swap_halves(alone))
            mixed[pair.student] = mix_halves(latent, weight)
            mixed_for_teacher[pair.teacher] = resample_frames(mixed_guess, taught.size(-1), valid)
        loss = torch.stack(distances).mean(dim=0)
        if self.decoder_weight:
            decoded = student.rerun(mixed).signal
            loss = loss - self.decoder_weight * si_snr(reference, decoded, lengths)
        if self.cross_weight:
            decoded = teacher.rerun(mixed_for_teacher).signal
            loss = loss - self.cross_weight * si_snr(reference, decoded, lengths)
        return loss

    def mixing_weights(self, count: int) -> torch.Tensor:
        """Draw lambda for each clean utterance, (count,); 0.5 in evaluation."""
        if not self.training:
            return torch.full((count,), 0.5)
        return Beta(self.alpha, self.alpha).sample((count,))


def swap_halves(values: torch.Tensor) -> torch.Tensor:
    """Replace each row of (2B, ...) by the row of the same utterance with the other noise."""
    return values.roll(len(values) // 2, dims=0)


def mix_halves(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mix each row with the row of the same utterance with the other noise.

    Args:
        values: (2B, C, F, T).
        weight: (2B,) weight of the row itself.

    Returns:
        (2B, C, F, T).
    """
    weight = weight.reshape(-1, 1, 1, 1)
    return weight * values + (1 - weight) * swap_halves(values)


def relative_distance(
    guess: torch.Tensor, target: torch.Tensor, valid: torch.Tensor
) -> torch.Tensor:
    """Compute the squared error relative to the mean square of the target.

    Args:
        guess: (B, C, F, T).
        target: (B, C, F, T).
        valid: (B,) fraction of the time axis that is not padding.

    Returns:
        (B,).
    """
    mask = frame_mask(valid, target.size(-1))
    error = masked_mean((guess - target).square().mean(dim=(1, 2)), mask)
    return error / (masked_mean(target.square().mean(dim=(1, 2)), mask) + EPS)


def _projection(latent: torch.Tensor, channels: int) -> nn.Module:
    if latent.size(1) == channels == 1:
        return nn.Identity()  # a waveform in both models
    projection = nn.Conv2d(latent.size(1), channels, 1, device=latent.device, dtype=latent.dtype)
    if latent.size(1) == channels:  # so equal models start with equal latents
        nn.init.dirac_(projection.weight)
        nn.init.zeros_(projection.bias)
    return projection
