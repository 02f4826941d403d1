"""STFT encoder and decoder that can stream: sqrt-Hann window, zeros around the signal.

ESPnet's `stft` has windows of other names, reflects the signal at its ends, which needs samples
from before and after a stream, and ends with a frame of which half is extrapolated. Here, zeros are
outside the signal, and each sample is in two frames. A signal therefore has the same code in any
batch, and a stream the same as the whole.
"""

from __future__ import annotations

import torch
from espnet2.enh.decoder.abs_decoder import AbsDecoder
from espnet2.enh.encoder.abs_encoder import AbsEncoder
from torch.nn import functional

from espnet_kd.enh.layers.masks import padding_mask
from espnet_kd.enh.layers.past import Past
from espnet_kd.errors import UserError


class CausalSTFTEncoder(AbsEncoder):
    """STFT of frames of n_fft samples every n_fft / 2; frame t is centered at sample t n_fft / 2.

    Args:
        n_fft: length of a frame, even.
    """

    padding_invariant = True

    def __init__(self, n_fft: int = 512):
        super().__init__()
        self.hop_length = hop_of(n_fft)
        self.n_fft = n_fft

    @property
    def output_dim(self) -> int:
        """Bins F of the spectrum."""
        return self.n_fft // 2 + 1

    def num_frames(self, num_samples: int | torch.Tensor) -> int | torch.Tensor:
        """Return the number of frames that together have each sample twice."""
        return (num_samples + self.hop_length - 1) // self.hop_length + 1

    def forward(
        self, input: torch.Tensor, ilens: torch.Tensor, fs: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the spectrum.

        Args:
            input: (B, L) samples.
            ilens: (B,) valid samples.
            fs: not used.

        Returns:
            (B, T, F) complex, zero in the padding, and (B,) valid frames.
        """
        samples = input.masked_fill(padding_mask(ilens, input.size(1)), 0)
        missing = self.num_frames(samples.size(1)) * self.hop_length - samples.size(1)
        return self.stream(functional.pad(samples, (0, missing)), Past()), self.num_frames(ilens)

    def stream(self, samples: torch.Tensor, past: Past) -> torch.Tensor:
        """Compute the spectrum of the next samples.

        Args:
            samples: (B, T n_fft / 2).
            past: caches of the samples before.

        Returns:
            (B, T, F) complex; its first frame is half of earlier samples, or of zeros.
        """
        frames = past.extend(samples, self.hop_length).unfold(1, self.n_fft, self.hop_length)
        return torch.fft.rfft(frames * sqrt_hann(self.n_fft, samples))


class CausalSTFTDecoder(AbsDecoder):
    """Inverse of CausalSTFTEncoder: the squared windows of overlapping frames sum to 1.

    Args:
        n_fft: length of a frame, as in the encoder.
    """

    padding_invariant = True

    def __init__(self, n_fft: int = 512):
        super().__init__()
        self.hop_length = hop_of(n_fft)
        self.n_fft = n_fft

    def forward(
        self, input: torch.Tensor, ilens: torch.Tensor, fs: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the signal.

        Args:
            input: (B, T, F) complex.
            ilens: (B,) samples.
            fs: not used.

        Returns:
            (B, L) for the largest number L of samples, and `ilens`.
        """
        return self.stream(input, Past())[:, self.hop_length :][:, : ilens.max()], ilens

    def stream(self, code: torch.Tensor, past: Past) -> torch.Tensor:
        """Compute the samples that the next frames complete.

        Args:
            code: (B, T, F) complex.
            past: caches of the frames before.

        Returns:
            (B, T n_fft / 2), up to the center of the last frame. The first half frame of a stream
            is before the signal.
        """
        frames = torch.fft.irfft(code, self.n_fft)
        first, second = (frames * sqrt_hann(self.n_fft, frames)).chunk(2, dim=2)
        return (first + past.extend(second.mT, 1)[..., :-1].mT).flatten(1)


def sqrt_hann(size: int, like: torch.Tensor) -> torch.Tensor:
    """Return the square root of the periodic Hann window, in the dtype of `like`."""
    time = torch.arange(size, device=like.device, dtype=torch.float64)
    return (torch.pi * time / size).sin().to(like.dtype)


def hop_of(n_fft: int) -> int:
    """Return half the length of a frame.

    Raises:
        UserError: the length is not even.
    """
    if n_fft < 2 or n_fft % 2:
        raise UserError("encoder_conf, n_fft", f"is {n_fft}", "give an even number, e.g. 512")
    return n_fft // 2
