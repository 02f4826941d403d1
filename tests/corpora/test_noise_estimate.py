import numpy as np
import pytest

from espnet_kd.corpora import noise_estimate
from espnet_kd.corpora.noise_estimate import estimate_noise


def scene(noise_gain, seconds=3):
    """Two channels of filtered, late "speech" plus noise, and the speech close by."""
    rng = np.random.default_rng(0)
    close = rng.normal(size=seconds * 16000) * np.repeat(rng.uniform(0, 1, seconds * 10), 1600)
    rooms = rng.normal(size=(2, 400)) * np.exp(-np.arange(400) / 60)
    image = np.stack([np.convolve(close, room)[: len(close)] for room in rooms])
    noise = noise_gain * rng.normal(size=image.shape)
    return image, noise, close


def test_transform_and_back_is_exact():
    wave = np.random.default_rng(1).normal(size=(2, 5001))
    back = noise_estimate._istft(noise_estimate._stft(wave), 5001)
    np.testing.assert_allclose(back, wave, atol=1e-12)


def test_the_close_talk_signal_s_image_is_removed():
    image, _, close = scene(0)
    left = estimate_noise(image, close)
    assert 10 * np.log10(np.sum(left**2) / np.sum(image**2)) < -15


def test_noise_stays():
    image, noise, close = scene(1.0)
    left = estimate_noise(image + noise, close)
    assert np.corrcoef(left.ravel(), noise.ravel())[0, 1] > 0.85
    assert abs(np.corrcoef(left.ravel(), image.ravel())[0, 1]) < 0.1


def test_a_late_close_talk_signal_is_no_hindrance():
    image, _, close = scene(0)
    left = estimate_noise(image[:, :-200], np.roll(close, 200)[:-200])
    assert 10 * np.log10(np.sum(left**2) / np.sum(image**2)) < -10


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="100 tablet samples, but 99"):
        estimate_noise(np.zeros((6, 100)), np.zeros(99))
