"""Frame-level KD: compare compressed magnitudes or log-mel energies of the two signals."""

from __future__ import annotations

import torch
from torchaudio.functional import melscale_fbanks

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.frames import frame_mask, masked_mean
from espnet_kd.distill.gain import at_speech_level, match_gain

KINDS = ("magnitude", "log_mel")

# Added to the power of each bin, about 50 dB below that of speech at its usual level. It bounds the
# gradient at silence and keeps inaudible residuals from dominating the logarithm.
POWER_FLOOR = 1e-5


class FrameLoss(DistillLoss):
    """Mean squared difference between spectral features of the student's and teacher's signals.

    magnitude: mean_{t,f} (|S_S|^c - |S_T|^c)^2 over frames t and bins f of the STFT S (B, F, T);
    log_mel: mean_{t,m} (log M_S - log M_T)^2 over frames t and bands m of mel power M (B, M, T).

    This is the "frame-level" term of frame- and sequence-level KD, whose source publishes no
    formula, so all of it is our interpretation. So are the levels: the teacher's signal is scaled
    to the usual level of speech, and the student's to the teacher's by one least-squares gain per
    utterance. The loss therefore does not depend on the scale or sign of either model's output.

    Frames are centered: frame t is centered at sample t * hop_length, and there are zeros before
    and after the utterance. For an utterance of n samples, frames with t * hop_length <= n count,
    so it has 1 + n // hop_length frames in any batch.

    Args:
        kind: "magnitude" or "log_mel".
        n_fft: samples per frame, with a Hann window.
        hop_length: samples between frames.
        compression: exponent c, for "magnitude".
        num_mels: number of bands, for "log_mel".
        sample_rate: sampling rate of both signals in Hz, for "log_mel".

    Raises:
        ValueError: the kind is unknown, or a size or the exponent is not above 0.
    """

    def __init__(
        self,
        kind: str = "magnitude",
        n_fft: int = 512,
        hop_length: int = 128,
        compression: float = 0.3,
        num_mels: int = 80,
        sample_rate: int = 16000,
    ):
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind is '{kind}', use {' or '.join(KINDS)}")
        if min(n_fft, hop_length, compression, num_mels, sample_rate) <= 0:
            raise ValueError("sizes and compression must be above 0")
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.compression = compression
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        banks = None
        if kind == "log_mel":
            bins = n_fft // 2 + 1
            banks = melscale_fbanks(bins, 0.0, sample_rate / 2, num_mels, sample_rate)
        self.register_buffer("banks", banks, persistent=False)  # (F, M), or None

    def forward(
        self,
        student: Observation,
        teacher: Observation | None,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (B,), at least 0, and 0 if only the scales differ."""
        target = at_speech_level(teacher.signal, lengths)
        estimate = match_gain(student.signal, target, lengths)
        difference = self.features(estimate) - self.features(target)
        per_frame = difference.square().mean(dim=1)  # (B, T)
        frames = per_frame.size(1)
        valid = (1 + lengths // self.hop_length) / frames
        return masked_mean(per_frame, frame_mask(valid, frames))

    def features(self, signal: torch.Tensor) -> torch.Tensor:
        """Compute the spectral features.

        Args:
            signal: (B, L).

        Returns:
            (B, F, T) compressed magnitudes, or (B, M, T) natural logarithms of mel energies.
        """
        spectrum = torch.stft(
            signal,
            self.n_fft,
            self.hop_length,
            window=self.window.to(signal.dtype),
            pad_mode="constant",
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()
        if self.banks is None:
            return (power + POWER_FLOOR).pow(self.compression / 2)
        bands = self.banks.to(power.dtype).t() @ power
        return (bands + POWER_FLOOR).log()
