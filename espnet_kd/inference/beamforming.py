"""MVDR beamforming of a recording's channels with the covariances that a model estimates."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torchaudio.functional as F

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.errors import UserError

FFT, HOP = 512, 128
LOADING = 1e-3  # diagonal loading relative to the mean power of the noise
MAX_SHIFT = 0.02  # seconds; 7 m between two microphones
CLEAR_SHIFT = 3.0  # a peak of the cross-correlation this much above those within MAX_SHIFT is clear


@torch.inference_mode()
def beamform(mixture: torch.Tensor, estimate: torch.Tensor) -> torch.Tensor:
    """Combine the channels of a recording by an MVDR beamformer in Souden's form.

    The covariances are those of the estimates and of what they leave of the mixtures, over the
    whole recording.

    Args:
        mixture: (C, L), the reference channel first.
        estimate: (C, L) speech in each channel, at its level there.

    Returns:
        (L,) speech in the first channel.
    """
    window = torch.hann_window(FFT, device=mixture.device, dtype=torch.float64)

    def spectrum(signal: torch.Tensor) -> torch.Tensor:  # (C, L) -> (C, F, T)
        return torch.stft(signal.double(), FFT, HOP, window=window, return_complex=True)

    noisy, speech = spectrum(mixture), spectrum(estimate)
    weights = F.mvdr_weights_souden(
        F.psd(speech), F.psd(noisy - speech), reference_channel=0, diag_eps=LOADING
    )
    enhanced = F.apply_beamforming(weights, noisy)
    signal = torch.istft(enhanced, FFT, HOP, window=window, length=mixture.size(1))
    return signal.to(mixture.dtype)


def check_shift(name: str, channels: Sequence[str], mixture: torch.Tensor) -> None:
    """Reject channels that are not synchronous.

    Args:
        name: id of the utterance.
        channels: C files.
        mixture: (C, L).

    Raises:
        UserError: the cross-correlation with the first channel has a clear peak at a shift that
            the distance between microphones cannot explain.
    """
    size = 2 * mixture.size(1)
    spectrum = torch.fft.rfft(mixture.double(), size)
    correlation = torch.fft.irfft(spectrum[1:] * spectrum[:1].conj(), size).abs()
    near = int(MAX_SHIFT * SAMPLE_RATE)
    within = torch.cat([correlation[:, : near + 1], correlation[:, -near:]], dim=1).amax(1)
    peak, place = correlation.max(1)
    for number in (peak > CLEAR_SHIFT * within).nonzero().flatten().tolist():
        shift = (int(place[number]) + size // 2) % size - size // 2
        raise UserError(
            channels[number + 1],
            f"is shifted by {shift} samples against {channels[0]} ('{name}')",
            "align the channels, or leave the recording out",
        )
