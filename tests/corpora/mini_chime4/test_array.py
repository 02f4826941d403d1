import numpy as np
import pytest

from espnet_kd.corpora.mini_chime4.array import (
    FILTER_DELAY,
    MICROPHONES,
    delays_from,
    filter_channels,
    plane_waves,
    smooth_response,
    steer,
)


def low_noise(samples=4000):
    """Return noise below 2 kHz, silent at both ends, for which fractional delays are exact."""
    rng = np.random.default_rng(0)
    wave = np.convolve(rng.normal(size=samples - 400), np.hanning(17), "same")
    return np.pad(wave, 200)


def test_whole_samples_shift():
    wave = low_noise()
    late = steer(wave, np.array([0.0, 5 / 16000, 40 / 16000]))
    for row, shift in zip(late, (0, 5, 40), strict=True):
        np.testing.assert_allclose(row[shift:], wave[: len(wave) - shift], atol=1e-4)


def test_two_half_samples_make_one():
    wave = low_noise()
    half = steer(wave, np.array([0.5 / 16000]))
    np.testing.assert_allclose(steer(half, np.array([0.5 / 16000]))[0, 1:], wave[:-1], atol=5e-3)
    assert np.abs(half[0] - wave).max() > 0.1


def test_each_channel_may_have_its_own_signal():
    pair = np.stack([low_noise(), -low_noise()])
    np.testing.assert_allclose(steer(pair, np.zeros(2)), pair, atol=1e-4)


def test_the_nearest_microphone_hears_first():
    delays = delays_from(MICROPHONES[3] + [0, 0.1, 0])
    assert np.argmin(delays) == 3 and delays[3] == 0
    assert 0.0005 < delays.max() < 0.001  # 20 to 34 cm


def test_color_changes_the_spectrum_mildly_and_not_the_timing():
    filters = smooth_response(np.random.default_rng(0), 6, 2.0)
    gains = 20 * np.log10(np.abs(np.fft.rfft(filters, 512)))
    assert 0.5 < gains.std() < 4
    wave = low_noise()
    colored = filter_channels(wave, filters)[:, FILTER_DELAY:]
    for row in colored:
        cross = [np.dot(wave[50:-50], row[50 + k : 50 + k + len(wave) - 100]) for k in (-1, 0, 1)]
        assert np.argmax(cross) == 1


def test_a_distant_source_reaches_all_microphones_almost_together():
    pulse = np.zeros(2000)
    pulse[1000] = 1.0
    heard = plane_waves(np.random.default_rng(0), [pulse], 2000, np.ones((6, 1)))
    peaks = np.argmax(heard, axis=1)
    assert peaks.min() >= 1000 and peaks.max() <= 1000 + 16000 * 0.3 / 343
    assert peaks.max() > peaks.min()
    assert np.sum(heard**2, axis=1) == pytest.approx(1, rel=0.05)
