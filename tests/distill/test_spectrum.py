"""Spectra: equal to torch.stft, and for an utterance the same in any batch."""

import torch

from espnet_kd.distill.spectrum import spectra, spectrum_mask

from .signals import noise

WINDOW = torch.hann_window(64)


def test_without_padding_as_torch_does():
    signal = noise(2, 1000)
    found = spectra(signal, torch.tensor([1000, 1000]), WINDOW, 16)
    expected = torch.stft(signal, 64, 16, window=WINDOW, return_complex=True)
    torch.testing.assert_close(found, expected)


def test_padding_is_not_seen():
    signal, lengths = noise(2, 1000), torch.tensor([1000, 700])
    alone = torch.stft(signal[1:, :700], 64, 16, window=WINDOW, return_complex=True)
    for garbage in (1e3, torch.nan):
        signal[1, 700:] = garbage
        found = spectra(signal, lengths, WINDOW, 16)
        mask = spectrum_mask(lengths, 16, found.size(2))
        assert mask.sum(1).tolist() == [63, 44] and alone.size(2) == 44
        torch.testing.assert_close(found[1:, :, :44], alone)
        assert found.isfinite().all()
