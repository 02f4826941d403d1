"""AT-KL: compare attention maps over time and over channels by KL divergence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from espnet_kd.distill.balance import Balance
from espnet_kd.distill.base import FeatureLoss, Observation
from espnet_kd.distill.frames import frame_mask, resample_frames

MAPS = ("time", "channel", "all")
DISTANCES = ("kl", "squared")
CHANNELS = ("sorted", "sum")


class ATKLLoss(FeatureLoss):
    """KL divergence between the attention maps of teacher and student.

    Features A (B, C, F, T) with energy E = |A|^2 have two maps:

        M_time(f, t)    = mean_c E            where in time and frequency the layer is active
        M_channel(k, f) = k-th of mean_t E    how its activity in a bin is spread over channels

    where k is the rank of a channel in its bin, from the most active one. Each map is turned into a
    distribution p = softmax(q / temperature), q = M / rms(M), over all its valid entries. The loss
    is the sum of KL(p_T || p_S) over both maps, averaged over the layers.

    Han et al. 2024 (Distil-DCCRN; arXiv 2408.04267) transfer attention in the time and channel
    dimensions by KL divergence between layers of different frame rates and widths. No public text
    has the formula, so it is our interpretation, after Zagoruyko and Komodakis 2017,
    at(x) = M / |M|_2. Ours are also the following:

    - We divide by the root mean square, |M|_2 / sqrt(size): with |M|_2, the longer the utterance,
      the flatter the softmax and the closer the loss to zero (1e-5 for 1 s of speech in DCCRN). The
      loudest entry of a layer of DCCRN is near 20 rms, so at a temperature of 1 little else would
      count; the default is 4.
    - Channels are ranked, because the channels of two trained networks have no common order. The
      teacher's ranks are averaged to a narrower student, and interpolated linearly to a wider one.
    - The teacher's map is interpolated to the student's frames and averaged over neighbors to the
      student's bins.
    - `maps`, `distance` and `balance`. With `distance: squared`, the loss is Zagoruyko and
      Komodakis' |at(T) - at(S)|^2, attention without KL. With `maps: [all]`, it is E itself, with
      ranked channels at each frame and bin: KL without attention. They are controls.

    The loss does not depend on the scale of the features, or on the order of channels. For layers
    without a frequency axis, the maps are one profile over time and one over ranks.

    Args:
        temperature: temperature of the softmax.
        channels: "sorted" ranks channels, as above; "sum" drops them from M_channel, which becomes
            a profile over frequency.
        complex_halves: in both models, the first half of the channels are real parts and the
            second half imaginary parts, so |A|^2 is that of the complex numbers.
        maps: any of "time", "channel" and "all".
        distance: "kl" or "squared".
        balance: weigh layers by the inverse of their running level, so that each has the same share
            of the mean; otherwise, layers near the input and output of DCCRN have most of it.

    Raises:
        ValueError: the temperature is not positive, or another argument is unknown.
    """

    def __init__(
        self,
        temperature: float = 4.0,
        channels: str = "sorted",
        complex_halves: bool = False,
        maps: Sequence[str] = ("time", "channel"),
        distance: str = "kl",
        balance: bool = False,
    ):
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature is {temperature}, not above 0")
        if channels not in CHANNELS:
            raise ValueError(f"channels is '{channels}', not one of {', '.join(CHANNELS)}")
        if isinstance(maps, str) or not maps or not set(maps) <= set(MAPS):
            raise ValueError(f"maps is {maps!r}, not a list of {', '.join(MAPS)}")
        if distance not in DISTANCES:
            raise ValueError(f"distance is '{distance}', not one of {', '.join(DISTANCES)}")
        if not isinstance(balance, bool):
            raise ValueError(f"balance is {balance!r}; give true or false")
        self.temperature = temperature
        self.channels = channels
        self.complex_halves = complex_halves
        self.maps = tuple(maps)
        self.distance = distance
        self.balanced = balance
        self.balance: Balance | None = None

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
                    " the channel map; use 'sorted'"
                )
        if self.balanced:
            self.balance = Balance(len(self.pairs)).to(student.signal.device)

    def forward(self, student, teacher, reference, lengths):
        """Return the mean over the layers, balanced if so asked; see DistillLoss.forward."""
        values = self.values(student, teacher, lengths)
        return values.mean(dim=0) if self.balance is None else self.balance(values)

    def compare(
        self, index: int, student: torch.Tensor, teacher: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """See FeatureLoss.compare."""
        own, others = self._energy(student), self._energy(teacher)
        maps = {"time": _over_time, "channel": self._over_channels, "all": _over_all}
        distance = self._divergence if self.distance == "kl" else _squared
        return sum(distance(*maps[name](own, others, valid)) for name in self.maps)

    def _over_channels(
        self, own: torch.Tensor, others: torch.Tensor, valid: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        own, others = _mean_over_time(own, valid), _mean_over_time(others, valid)
        others = functional.adaptive_avg_pool2d(others, (None, own.size(2)))
        if self.channels == "sum":
            own, others = own.mean(dim=1), others.mean(dim=1)
        else:
            own, others = ranked(own, own.size(1)), ranked(others, own.size(1))
        return others, own, torch.ones_like(own)

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
        # Scale to a norm of 1 and then to a mean square of 1.
        values = _unit(map_, mask) * mask.sum(dim=1, keepdim=True).sqrt()
        return (values / self.temperature).masked_fill(mask == 0, -1e9).log_softmax(dim=1)


def ranked(energy: torch.Tensor, channels: int) -> torch.Tensor:
    """Sort channels in descending order, at each place, and change their number.

    Args:
        energy: (B, C, ...).
        channels: C'.

    Returns:
        (B, C', ...).
    """
    energy = energy.sort(dim=1, descending=True).values
    if energy.size(1) == channels:
        return energy
    rows = energy.movedim(1, -1)
    flat = rows.reshape(1, -1, rows.size(-1))
    if energy.size(1) > channels:
        flat = functional.adaptive_avg_pool1d(flat, channels)
    else:
        flat = functional.interpolate(flat, size=channels, mode="linear", align_corners=False)
    return flat.reshape(*rows.shape[:-1], channels).movedim(-1, 1)


def _over_time(
    own: torch.Tensor, others: torch.Tensor, valid: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return M_time of teacher and student, (B, 1, F, T), and which entries are valid."""
    return _aligned(own.mean(dim=1, keepdim=True), others.mean(dim=1, keepdim=True), valid)


def _over_all(
    own: torch.Tensor, others: torch.Tensor, valid: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return ranked energies of teacher and student, (B, C, F, T), and which entries are valid."""
    channels = own.size(1)
    return _aligned(ranked(own, channels), ranked(others, channels), valid)


def _aligned(
    own: torch.Tensor, others: torch.Tensor, valid: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Bring the teacher's (B, C, F_T, T_T) to the student's (B, C, F, T); return it first."""
    bins, frames = own.shape[2:]
    mask = frame_mask(valid, frames)[:, None, None].expand_as(own)
    others = functional.adaptive_avg_pool2d(resample_frames(others, frames, valid), (bins, frames))
    return others, own, mask


def _squared(teacher: torch.Tensor, student: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return |at(T) - at(S)|^2 of two maps (B, ...), (B,), over the entries with mask 1."""
    mask = mask.flatten(1)
    return (_unit(teacher, mask) - _unit(student, mask)).square().sum(dim=1)


def _unit(map_: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Scale the entries with mask 1 to a norm of 1, and set the others to 0: (B, ...) to (B, N)."""
    return functional.normalize(map_.flatten(1).masked_fill(mask == 0, 0.0), dim=1)


def _mean_over_time(energy: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Average (B, C, F, T) over the valid frames; returns (B, C, F)."""
    mask = frame_mask(valid, energy.size(-1))[:, None, None]
    return energy.masked_fill(mask == 0, 0.0).sum(dim=-1) / mask.sum(dim=-1)
