"""The causal STFT: perfect reconstruction, PyTorch's STFT in between, padding, chunks."""

import pytest
import torch

from espnet_kd.enh.layers.causal_stft import CausalSTFTDecoder, CausalSTFTEncoder
from espnet_kd.enh.layers.past import Past
from espnet_kd.errors import UserError

N_FFT, HOP = 64, 32


@pytest.mark.parametrize("size", [1, 31, 32, 33, 200])
def test_reconstructs_every_sample(size):
    wave, lengths = torch.randn(2, size), torch.tensor([size, size])
    code, frames = CausalSTFTEncoder(N_FFT)(wave, lengths)
    assert code.shape == (2, frames[0], N_FFT // 2 + 1)
    found, out_lengths = CausalSTFTDecoder(N_FFT)(code, lengths)
    assert torch.equal(out_lengths, lengths)
    torch.testing.assert_close(found, wave, rtol=0, atol=1e-6)


def test_equals_pytorchs_with_zeros_around_the_signal():
    wave = torch.randn(1, 10 * HOP)
    window = torch.hann_window(N_FFT).sqrt()
    expected = torch.stft(
        wave, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True
    ).mT
    found, _ = CausalSTFTEncoder(N_FFT)(wave, torch.tensor([10 * HOP]))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_padding_is_silent():
    wave = torch.randn(2, 200)
    encoder, lengths = CausalSTFTEncoder(N_FFT), torch.tensor([200, 77])
    code, frames = encoder(wave, lengths)
    alone, _ = encoder(wave[1:, :77], lengths[1:])
    assert frames.tolist() == [8, 4] and alone.size(1) == 4
    assert torch.equal(code[1:, :4], alone)
    assert not code[1, 4:].any()


def test_frames_in_pieces():
    wave, encoder, decoder = torch.randn(1, 6 * HOP), CausalSTFTEncoder(64), CausalSTFTDecoder(64)
    code, back = encoder.stream(wave, Past()), decoder.stream(encoder.stream(wave, Past()), Past())
    caches, codes, waves = [(), ()], [], []
    for piece in wave.split([HOP, 2 * HOP, 3 * HOP], dim=1):
        pasts = [Past(cache) for cache in caches]
        codes.append(encoder.stream(piece, pasts[0]))
        waves.append(decoder.stream(codes[-1], pasts[1]))
        caches = [past.kept for past in pasts]
    torch.testing.assert_close(torch.cat(codes, dim=1), code)
    torch.testing.assert_close(torch.cat(waves, dim=1), back)


@pytest.mark.parametrize("part", [CausalSTFTEncoder, CausalSTFTDecoder])
def test_odd_length(part):
    with pytest.raises(UserError, match="n_fft: is 63; give an even number"):
        part(63)
