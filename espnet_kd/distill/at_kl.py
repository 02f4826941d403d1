"""AT-KL: compare attention maps over time and over channels by KL divergence."""

from __future__ import annotations

import torch
from torch.nn import functional

from espnet_kd.distill.base import FeatureLoss, Observation
from espnet_kd.distill.frames import frame_mask, resample_frames

CHANNELS = ("pool", "sum")


class ATKLLoss(FeatureLoss):
    """KL divergence between the attention maps of teacher and student.

    Features A (B, C, F, T) with energy E = |A|^2 have two maps:

        M_time(f, t)    = mean_c E    where in time and frequency the layer is active
        M_channel(c, f) = mean_t E    which of its channels are active

    Each map is turned into a distribution p = softmax(q / temperature), q = M / rms(M), over all
    its valid entries. The loss is the sum of KL(p_T || p_S) over both maps.

    Han et al. 2024 (Distil-DCCRN; arXiv 2408.04267) transfer attention in the time and channel
    dimensions by KL divergence between layers of different frame rates and widths. The formula is
    our interpretation, after Zagoruyko and Komodakis 2017, at(x) = M / |M|_2. We divide by the
    root mean square instead, which is |M|_2 / sqrt(size): with |M|_2, the longer the utterance,
    the flatter the softmax and the closer the loss to zero (1e-5 for 1 s of speech in DCCRN).
    The loudest entry of a layer of DCCRN is near 20 rms, so at a temperature of 1 little else
    would count; the default is 4.

    The teacher's map is interpolated to the student's frames and averaged over neighbors to the
    student's bins and channels. The loss does not depend on the scale of the features. For layers
    without a frequency axis, the maps are one profile over time and one over channels.

    Args:
        temperature: temperature of the softmax.
        channels: "pool" averages the teacher's channels to the number of the student's; "sum"
            drops the channels from M_channel, which becomes a profile over frequency.
        complex_halves: in both models, the first half of the channels are real parts and the
            second half imaginary parts, so |A|^2 is that of the complex numbers. It makes a
            difference with "pool" only.

    Raises:
        ValueError: the temperature is not positive, or `channels` is unknown.
    """

    def __init__(
        self, temperature: float = 4.0, channels: str = "pool", complex_halves: bool = False
    ):
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature is {temperature}, not above 0")
        if channels not in CHANNELS:
            raise ValueError(f"channels is '{channels}', not one of {', '.join(CHANNELS)}")
        self.temperature = temperature
        self.channels = channels
        self.complex_halves = complex_halves

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Check channels and frequency axes; see DistillLoss.prepare."""
        for pair in self.pairs:
            own, others = student.features[pair.student], teacher.features[pair.teacher]
            for tap, feature in ((pair.student, own), (pair.teacher, others)):
                if self.complex_halves and feature.size(1) % 2:
                    raise ValueError(
                        f"'{tap}' has {feature.size(1)} channels, an odd number, so they cannot be"
                        " real and imaginary halves; leave complex_halves out"
                    )
            if self.channels == "sum" and own.size(2) == 1:
                raise ValueError(
                    f"'{pair.student}' has no frequency axis, so channels 'sum' leaves nothing of"
                    " the channel map; use 'pool'"
                )

    def compare(
        self, index: int, student: torch.Tensor, teacher: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """See FeatureLoss.compare."""
        own, others = self._energy(student), self._energy(teacher)
        _, channels, bins, frames = own.shape

        mask = frame_mask(valid, frames)[:, None, None].expand(-1, 1, bins, -1)
        time_map = own.mean(dim=1, keepdim=True)
        target = resample_frames(others.mean(dim=1, keepdim=True), frames, valid)
        target = functional.adaptive_avg_pool2d(target, (bins, frames))
        loss = self._divergence(target, time_map, mask)

        channel_map, target = _mean_over_time(own, valid), _mean_over_time(others, valid)
        if self.channels == "sum":
            channels = 1
            channel_map = channel_map.mean(dim=1, keepdim=True)
            target = target.mean(dim=1, keepdim=True)
        target = functional.adaptive_avg_pool2d(target, (channels, bins))
        return loss + self._divergence(target, channel_map, torch.ones_like(channel_map))

    def _energy(self, feature: torch.Tensor) -> torch.Tensor:
        energy = feature.square()
        if not self.complex_halves:
            return energy
        real, imaginary = energy.chunk(2, dim=1)
        return real + imaginary

    def _divergence(
        self, teacher: torch.Tensor, student: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        """Return the KL divergence (B,) of two maps (B, ...) over the entries with mask 1."""
        target, given = (self._log_distribution(map_, mask) for map_ in (teacher, student))
        return (target.exp() * (target - given)).sum(dim=1)

    def _log_distribution(self, map_: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        mask = mask.flatten(1)
        values = map_.flatten(1).masked_fill(mask == 0, 0.0)
        # Scale to a norm of 1 and then to a mean square of 1.
        values = functional.normalize(values, dim=1) * mask.sum(dim=1, keepdim=True).sqrt()
        return (values / self.temperature).masked_fill(mask == 0, -1e9).log_softmax(dim=1)


def _mean_over_time(energy: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Average (B, C, F, T) over the valid frames; returns (B, C, F)."""
    mask = frame_mask(valid, energy.size(-1))[:, None, None]
    return energy.masked_fill(mask == 0, 0.0).sum(dim=-1) / mask.sum(dim=-1)
