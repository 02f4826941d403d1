"""DISPatch: learn from the teacher only in the patches of the spectrum where it is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.dfkd import check_settings, cosine_distance, is_silent, split_bands
from espnet_kd.distill.gain import at_speech_level, match_gain
from espnet_kd.distill.spectrum import spectra, spectrum_mask

Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
# Bins of a patch: the only band of "l2"; low and high band of "dfkd", the paper's best (MSSP).
BINS = {"l2": (20,), "dfkd": (10, 40)}


class DispatchLoss(DistillLoss):
    """The mean distance to the teacher over the patches with the largest knowledge gap.

    DISPatch with multi-scale selective patches (Kim and Choi 2026, arXiv:2509.15922). Y, S and T
    are the STFTs (B, F, T) of reference, student and teacher. A patch has `bins` neighboring bins
    of one frame; zeros fill the last one. With d(., .) as the distance in a patch,

        KGS = d(Y, S) - d(Y, T),   loss = mean of d(T, S) over the chosen patches

    where an utterance chooses the floor(keep n) of its n patches, at least one, with the largest
    knowledge gap score KGS; patches as large as the last of these are chosen, too.

        l2:    d = mean over the bins of the patch of (|A| - |B|)^2, one band
        dfkd:  the bands of `DFKDLoss`, each with its own patches, choice and mean; the loss is the
               sum of both. A patch belongs to a band if any of its bins does, and its other bins
               are set to zero. d = 1 - cos in the low band, and beta (1 - cos) + (1 - beta) mean
               (|A| - |B|)^2 in the high band, over all bins of the patch.

    All this is as in the published code, except for what is our interpretation: the mean is over
    the chosen patches of an utterance, not of the batch (nor over keep n, in "l2"); the signals of
    student and teacher are scaled to the reference, which is at the usual level of speech, because
    SI-SNR fixes no level and the gap would compare levels; patches in which the teacher is silent
    have no direction and are left out of "dfkd". The choice has no gradient, as in the code.

    With `keep: 0.8`, as in the published example, patches in which the teacher is *worse* than the
    student are chosen as well, because nothing asks for KGS > 0. `only_gaps` is ours and does.

    Args:
        kind: "l2" or "dfkd".
        bins: bins of a patch in each band: one number for "l2" (default 20), two for "dfkd"
            (default 10 and 40; without multiple scales 20 and 20).
        keep: share of the patches that is chosen, above 0 and at most 1.
        beta: weight of the direction in the high band of "dfkd", 0 to 1.
        n_fft: samples per frame, with a Hann window.
        hop_length: samples between frames.
        min_bin: lowest bin at which the bands of "dfkd" can meet; see `DFKDLoss`.
        only_gaps: choose only patches with KGS > 0; an utterance without any has loss 0.

    Raises:
        ValueError: the kind is unknown, or a number is out of its range.
    """

    needs_reference = True

    def __init__(
        self,
        kind: str = "dfkd",
        bins: Sequence[int] | None = None,
        keep: float = 0.8,
        beta: float = 0.5,
        n_fft: int = 512,
        hop_length: int = 128,
        min_bin: int = 0,
        only_gaps: bool = False,
    ):
        super().__init__()
        if kind not in BINS:
            raise ValueError(f"kind is '{kind}', use {' or '.join(BINS)}")
        check_settings(beta, n_fft, hop_length, min_bin)
        if not 0 < keep <= 1:
            raise ValueError(f"keep is {keep}, not above 0 and at most 1")
        self.bins = tuple(BINS[kind] if bins is None else bins)
        if len(self.bins) != len(BINS[kind]) or min(self.bins) < 1:
            count = len(BINS[kind])
            raise ValueError(f"bins is {list(self.bins)}; '{kind}' takes {count} numbers above 0")
        self.kind = kind
        self.keep = keep
        self.beta = beta
        self.hop_length = hop_length
        self.min_bin = min_bin
        self.only_gaps = only_gaps
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(
        self,
        student: Observation,
        teacher: Observation,
        reference: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (B,), at least 0, and 0 if only the scales differ."""
        clean = at_speech_level(reference, lengths)
        signals = [match_gain(seen.signal, clean, lengths) for seen in (student, teacher)]
        spectrums = [
            spectra(signal, lengths, self.window, self.hop_length) for signal in (*signals, clean)
        ]
        taught = spectrums[1]
        frames = spectrum_mask(lengths, self.hop_length, taught.size(2))[:, None]  # (B, 1, T)
        if self.kind == "l2":
            parts = [to_patches(spectrum, self.bins[0]) for spectrum in spectrums]
            return self._loss(*parts, frames.expand(-1, parts[0].size(1), -1), squared_difference)
        loss = 0.0
        bands = split_bands(taught.abs(), self.min_bin)
        for band, bins, distance in zip(bands, self.bins, (bin_distance, self._high), strict=True):
            parts = [to_patches(spectrum * band, bins) for spectrum in spectrums]
            inside = to_patches(band, bins).any(dim=2) & frames & ~is_silent(parts[1], dim=2)
            loss = loss + self._loss(*parts, inside, distance)
        return loss

    def _high(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        direction, squares = bin_distance(one, other), squared_difference(one, other)
        return self.beta * direction + (1 - self.beta) * squares

    def _loss(
        self,
        own: torch.Tensor,
        taught: torch.Tensor,
        clean: torch.Tensor,
        inside: torch.Tensor,
        distance: Distance,
    ) -> torch.Tensor:
        """Average the distance (B, N, T) over the chosen patches of each utterance; (B,)."""
        with torch.no_grad():
            gap = distance(clean, own) - distance(clean, taught)
            chosen = choose(gap.flatten(1), inside.flatten(1), self.keep)
            if self.only_gaps:
                chosen = chosen & (gap.flatten(1) > 0)
        values = distance(taught, own).flatten(1).masked_fill(~chosen, 0.0)
        return values.sum(dim=1) / chosen.sum(dim=1).clamp(min=1)


def to_patches(spectrum: torch.Tensor, bins: int) -> torch.Tensor:
    """Cut (B, F, T) into patches (B, N, bins, T), N = ceil(F / bins); zeros fill the last."""
    missing = -spectrum.size(1) % bins
    return functional.pad(spectrum, (0, 0, 0, missing)).unflatten(1, (-1, bins))


def bin_distance(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return 1 - cos in each patch, (B, N, T)."""
    return cosine_distance(one, other, dim=2)


def squared_difference(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return the mean squared difference of the magnitudes in each patch, (B, N, T)."""
    return (one.abs() - other.abs()).square().mean(dim=2)


def choose(gap: torch.Tensor, inside: torch.Tensor, keep: float) -> torch.Tensor:
    """Choose the patches with the largest gap.

    Args:
        gap: (B, M).
        inside: (B, M) booleans, the patches that can be chosen.
        keep: share of these that is chosen, rounded down, but at least one.

    Returns:
        (B, M) booleans.
    """
    gap = gap.masked_fill(~inside, -torch.inf)
    count = (keep * inside.sum(dim=1, keepdim=True).double()).floor().clamp(min=1).long()
    threshold = gap.sort(dim=1, descending=True).values.gather(1, count - 1)
    return (gap >= threshold) & inside
