import numpy as np
import pytest

from espnet_kd.corpora.references.sine_stft import istft, stft


@pytest.mark.parametrize("samples", [1024, 1025, 5001])
def test_the_inverse_is_exact_up_to_the_ends(samples):
    wave = np.random.default_rng(1).normal(size=(2, samples))
    spectrum = stft(wave, 256)
    assert spectrum.shape == (2, 129, -(-samples // 128))
    np.testing.assert_allclose(istft(spectrum, samples), wave, atol=1e-12)


def test_a_coefficient_is_the_windowed_sum():
    wave = np.random.default_rng(2).normal(size=(1, 1000))
    n = np.arange(256)
    window = np.sin(np.pi * (n + 0.5) / 256)
    # Frame 3 begins at 3 * 128 minus a quarter window.
    piece = wave[0, 384 - 64 : 384 - 64 + 256]
    expected = np.sum(piece * window * np.exp(-2j * np.pi * 17 * n / 256))
    assert stft(wave, 256)[0, 17, 3] == pytest.approx(expected)


def test_a_window_alone_has_weight_one():
    wave = np.zeros((1, 512))
    wave[0, 0] = 1.0
    assert abs(stft(wave, 256)[0, 5, 0]) == pytest.approx(1.0)
