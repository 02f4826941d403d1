"""Encoder and decoder of a stream: from samples to frames and back.

Every front end has these attributes, in samples:

- `hop`: the samples of a frame that are new; as many become final with each frame.
- `latency`: output sample n depends on no input after sample n + latency - 1 (algorithmic latency).
- `lead`: samples at the beginning of a signal that belong to its first frame, beside a hop.
- `delay`: samples of the output that come before the signal.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from espnet2.enh.decoder.conv_decoder import ConvDecoder
from espnet2.enh.encoder.conv_encoder import ConvEncoder

from espnet_kd.enh.layers.causal_stft import CausalSTFTDecoder, CausalSTFTEncoder
from espnet_kd.enh.layers.past import Past
from espnet_kd.errors import UserError


class STFTFrontEnd:
    """The causal STFT.

    Args:
        encoder: its encoder.
        decoder: its decoder.
    """

    lead = 0

    def __init__(self, encoder: CausalSTFTEncoder, decoder: CausalSTFTDecoder):
        self.encode = encoder.stream
        self.decode = decoder.stream
        self.hop = self.delay = encoder.hop_length
        self.latency = encoder.n_fft
        self._num_frames = encoder.num_frames

    def missing(self, num_samples: int) -> int:
        """Return how many zeros end a signal, so that the rest of it can be decoded."""
        return self._num_frames(num_samples) * self.hop - num_samples

    def rest(self, state: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return what is decoded but not final after the last frame: nothing of the signal."""
        return state[0][:, :0]


class ConvFrontEnd:
    """ESPnet's convolutional encoder and decoder, whose frames begin with the signal.

    Samples that do not fill a last frame are zero in the output, as in `enhance`.

    Args:
        encoder: its encoder.
        decoder: its decoder.
    """

    delay = 0

    def __init__(self, encoder: ConvEncoder, decoder: ConvDecoder):
        self._encoder, self._decoder = encoder, decoder
        self.hop = encoder.stride
        self.latency = encoder.kernel_size
        self.lead = encoder.kernel_size - encoder.stride

    def encode(self, samples: torch.Tensor, past: Past) -> torch.Tensor:
        """Map (B, T hop) to (B, T, N)."""
        samples = past.extend(samples, self.lead).unsqueeze(1)
        return self._encoder.conv1d(samples).relu().transpose(1, 2)

    def decode(self, code: torch.Tensor, past: Past) -> torch.Tensor:
        """Map (B, T, N) to (B, T hop)."""
        wave = self._decoder.convtrans1d(code.transpose(1, 2)).squeeze(1)
        before = past.recall()
        if before is not None:
            wave = torch.cat([wave[:, : self.lead] + before, wave[:, self.lead :]], dim=1)
        final = code.size(1) * self.hop
        past.keep(wave[:, final:].clone())
        return wave[:, :final]

    def missing(self, num_samples: int) -> int:
        """Return how many zeros end a signal: none."""
        return 0

    def rest(self, state: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return what is decoded but not final after the last frame."""
        return state[-1]


def front_end_of(
    encoder: torch.nn.Module, decoder: torch.nn.Module, where: str
) -> STFTFrontEnd | ConvFrontEnd:
    """Return the front end of a model.

    Args:
        encoder: encoder of the model.
        decoder: decoder of the model.
        where: what to name in an error.

    Raises:
        UserError: the encoder cannot stream, or encoder and decoder do not fit together.
    """
    stft = isinstance(encoder, CausalSTFTEncoder) and isinstance(decoder, CausalSTFTDecoder)
    conv = isinstance(encoder, ConvEncoder) and isinstance(decoder, ConvDecoder)
    if not (stft or conv):
        problem = f"{type(encoder).__name__} and {type(decoder).__name__} do not stream"
        raise UserError(where, problem, "train a model with `causal_stft` or `conv` for both")
    names = ("n_fft",) if stft else ("kernel_size", "stride")
    sizes = [[getattr(part, name) for name in names] for part in (encoder, decoder)]
    if sizes[0] != sizes[1]:
        problem = f"{', '.join(names)} is {sizes[0]} in the encoder and {sizes[1]} in the decoder"
        raise UserError(where, problem, "train a model with equal sizes")
    if conv and encoder.stride > encoder.kernel_size:
        problem = f"stride {encoder.stride} leaves gaps between kernels of {encoder.kernel_size}"
        raise UserError(where, problem, "train a model with a smaller stride")
    return STFTFrontEnd(encoder, decoder) if stft else ConvFrontEnd(encoder, decoder)
