import numpy as np
import pytest

from espnet_kd.corpora.references.noise_estimate import block_centers, estimate_noise

from .slow_noise_estimate import slow_noise


def scene(noise_gain, seconds=3):
    """Return two channels of filtered, delayed "speech", noise for them, and the dry speech."""
    rng = np.random.default_rng(0)
    close = rng.normal(size=seconds * 16000) * np.repeat(rng.uniform(0, 1, seconds * 10), 1600)
    rooms = rng.normal(size=(2, 400)) * np.exp(-np.arange(400) / 60)
    image = np.stack([np.convolve(close, room)[: len(close)] for room in rooms])
    noise = noise_gain * rng.normal(size=image.shape)
    return image, noise, close


@pytest.mark.parametrize("samples", [3000, 14000])
def test_a_slow_independent_implementation_yields_the_same_noise(samples):
    image, noise, close = scene(0.5, seconds=1)
    tablet = np.rint(300 * (image + noise))[:, :samples]
    close = np.rint(3000 * close)[:samples]
    expected = slow_noise(tablet, close)
    difference = estimate_noise(tablet, close) - expected
    assert np.abs(expected).max() > 300
    assert np.abs(difference).max() < 1e-4


def test_blocks_hold_equally_many_strong_coefficients():
    # All bins are silent except in two stretches of 40 frames, which exceed the median (0).
    reference = np.zeros((129, 200))
    reference[:, 20:60] = 1.0
    reference[:, 140:180] = 1.0
    # 80 x 128 strong coefficients in blocks of about 2000 make 5 blocks of 16 strong frames. A
    # block's center is the place of its middle strong frame in the recording, counted from 1.
    middles = [8, 24, 40, 56, 72]
    strong = [*range(21, 61), *range(141, 181)]
    assert block_centers(reference).tolist()[:2] == [strong[m - 1] for m in middles[:2]]
    assert block_centers(reference).tolist()[3:] == [strong[m - 1] for m in middles[3:]]
    assert 60 <= block_centers(reference)[2] <= 140


def test_the_highest_bin_is_ignored():
    reference = np.zeros((2, 9000))
    reference[:, :4000] = 1.0
    # 4000 strong coefficients of one bin make two blocks; with the other bin there would be four.
    assert block_centers(reference).tolist() == [1000, 3000]


def test_the_image_of_the_close_talk_signal_is_removed():
    image, _, close = scene(0)
    left = estimate_noise(image, close)
    assert 10 * np.log10(np.sum(left**2) / np.sum(image**2)) < -15


def test_noise_is_kept():
    image, noise, close = scene(1.0)
    left = estimate_noise(image + noise, close)
    assert np.corrcoef(left.ravel(), noise.ravel())[0, 1] > 0.85
    assert abs(np.corrcoef(left.ravel(), image.ravel())[0, 1]) < 0.1


def test_a_late_close_talk_signal_is_still_removed():
    image, _, close = scene(0)
    left = estimate_noise(image[:, :-200], np.roll(close, 200)[:-200])
    assert 10 * np.log10(np.sum(left**2) / np.sum(image**2)) < -10


def test_the_noise_of_a_channel_does_not_depend_on_the_others():
    image, noise, close = scene(0.5, seconds=1)
    both = estimate_noise(image + noise, close)
    np.testing.assert_allclose(estimate_noise(image[1:] + noise[1:], close), both[1:], atol=1e-9)


def test_digital_silence_at_the_close_talk_microphone_removes_nothing():
    _, noise, _ = scene(1.0, seconds=1)
    np.testing.assert_allclose(estimate_noise(noise, np.zeros(16000)), noise, atol=1e-12)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="100 tablet samples, but 99"):
        estimate_noise(np.zeros((6, 100)), np.zeros(99))
