"""DFKD: compare directions of the spectrum in a low band, and also magnitudes in a high band."""

from __future__ import annotations

import torch

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.gain import at_speech_level, match_gain
from espnet_kd.distill.spectrum import spectra, spectrum_mask

EPS = 1e-8  # of the published code; about 80 dB below the power of a bin of speech


class DFKDLoss(DistillLoss):
    """L_low + L_high, dynamic frequency-adaptive KD (Yuan et al. 2025, arXiv:2502.04711).

    S and T are the STFTs (B, F, T) of the signals of student and teacher. In each frame, the
    teacher's magnitude alone chooses the bin m where the two bands meet; both contain it:

        F_o(f) = max_{f' <= f} |T(f')|,  m = argmax_f (F_o(f + 1) - F_o(f)) / (F_o(f) + 1e-8)
        L_low  = mean_t (1 - cos),                                             bins f <= m
        L_high = mean_t (beta (1 - cos) + (1 - beta) mean_f (|T| - |S|)^2),    bins f >= m
        cos = Re<T, S> / (|T| |S|), over the bins of the band in a frame

    The authors published no code. The formulas are those of its re-implementation in the code of
    DISPatch (arXiv:2509.15922), which has them for patches; see `DispatchLoss`. Our interpretation:
    a cosine over the whole band of a frame, and the mean over the frames of an utterance; levels as
    in `FrameLoss` (the teacher's signal at the usual level of speech, the student's at the
    teacher's); a band of a frame in which the teacher is silent is left out, because no direction
    is defined there. No gradient flows to T or m.

    The greatest *relative* rise is usually among the lowest bins, where energy is least: on one
    noisy recording, m <= 3 in 95 % of the frames of its enhanced signal. So almost everything is
    high band. `min_bin` is ours and keeps m from these bins.

    Frames are centered, and signals are reflected at their ends. A signal should be longer than
    half a frame.

    Args:
        beta: weight of the direction in the high band, 0 to 1.
        n_fft: samples per frame, with a Hann window.
        hop_length: samples between frames.
        min_bin: lowest m that can be chosen; 0, as in the published code, allows all bins.

    Raises:
        ValueError: beta is not in 0 to 1, a size is not above 0, or min_bin is not below n_fft / 2.
    """

    def __init__(
        self, beta: float = 0.5, n_fft: int = 512, hop_length: int = 128, min_bin: int = 0
    ) -> None:
        super().__init__()
        check_settings(beta, n_fft, hop_length, min_bin)
        self.beta = beta
        self.hop_length = hop_length
        self.min_bin = min_bin
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(
        self,
        student: Observation,
        teacher: Observation,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (B,), at least 0, and 0 if only the scales differ."""
        target = at_speech_level(teacher.signal, lengths)
        estimate = match_gain(student.signal, target, lengths)
        own, taught = (
            spectra(signal, lengths, self.window, self.hop_length) for signal in (estimate, target)
        )
        frames = spectrum_mask(lengths, self.hop_length, taught.size(2))
        low, high = split_bands(taught.abs(), self.min_bin)
        loss = self._mean(cosine_distance(taught * low, own * low), taught * low, frames)
        squares = ((taught.abs() - own.abs()).square() * high).sum(dim=1) / high.sum(dim=1)
        direction = cosine_distance(taught * high, own * high)
        both = self.beta * direction + (1 - self.beta) * squares
        return loss + self._mean(both, taught * high, frames)

    def _mean(
        self, values: torch.Tensor, taught: torch.Tensor, frames: torch.Tensor
    ) -> torch.Tensor:
        """Average (B, T) over the valid frames in which the teacher's band is not silent."""
        counted = frames & ~is_silent(taught)
        total = values.masked_fill(~counted, 0.0).sum(dim=1)
        return total / counted.sum(dim=1).clamp(min=1)


def split_bands(magnitude: torch.Tensor, min_bin: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Split each frame where its running maximum has the greatest relative rise.

    Args:
        magnitude: (B, F, T) of the teacher.
        min_bin: lowest bin at which a frame can be split.

    Returns:
        The low and the high band, (B, F, T) booleans; the bin of the split is in both.
    """
    highest = magnitude.cummax(dim=1).values
    rise = highest.diff(dim=1) / (highest[:, :-1] + EPS)
    split = (rise[:, min_bin:].argmax(dim=1) + min_bin).unsqueeze(1)
    bins = torch.arange(magnitude.size(1), device=magnitude.device).unsqueeze(1)
    return bins <= split, bins >= split


def cosine_distance(one: torch.Tensor, other: torch.Tensor, dim: int = 1) -> torch.Tensor:
    """Return 1 - cos of complex bins; real and imaginary parts are one vector.

    Args:
        one: complex, with the bins on the axis `dim`.
        other: like `one`.
        dim: axis that is summed over.

    Returns:
        0 to 2, without the axis of the bins; 1 if one of both is silent.
    """
    inner = (one.real * other.real + one.imag * other.imag).sum(dim)
    norms = [(power(values).sum(dim) + EPS).sqrt() for values in (one, other)]
    return 1 - inner / (norms[0] * norms[1] + EPS)


def power(spectrum: torch.Tensor) -> torch.Tensor:
    """Return the squared magnitude of complex values."""
    return spectrum.real.square() + spectrum.imag.square()


def is_silent(spectrum: torch.Tensor, dim: int = 1) -> torch.Tensor:
    """Return whether the bins on the axis `dim` have no energy."""
    return power(spectrum).sum(dim) <= EPS


def check_settings(beta: float, n_fft: int, hop_length: int, min_bin: int) -> None:
    """Reject settings of the STFT and of the bands with a ValueError."""
    if not 0 <= beta <= 1:
        raise ValueError(f"beta is {beta}, not in 0 to 1")
    if min(n_fft, hop_length) <= 0:
        raise ValueError(f"n_fft is {n_fft} and hop_length {hop_length}; both must be above 0")
    if not 0 <= min_bin < n_fft // 2:
        raise ValueError(f"min_bin is {min_bin}, not in 0 to {n_fft // 2 - 1}")
