import numpy as np
import pytest

from espnet_kd.corpora.mini_chime4.mixing import level, mix


def signals(noise_level=500):
    rng = np.random.default_rng(0)
    noise = (rng.normal(size=(2, 4000)) * noise_level).astype(np.int16)
    return rng.normal(size=(2, 4000)), noise


def test_speech_and_noise_add_up_at_the_asked_ratio():
    speech, noise = signals()
    mixture, clean = mix(speech, noise, 6.0)
    assert mixture.dtype == clean.dtype == np.int16
    np.testing.assert_array_equal(mixture - clean, noise)
    assert level(clean) - level(noise) == pytest.approx(6.0, abs=0.05)


def test_the_ratio_stays_within_chime4_s_range():
    speech, noise = signals()
    assert level(mix(speech, noise, -30)[1]) - level(noise) == pytest.approx(-2, abs=0.05)
    assert level(mix(speech, noise, 40)[1]) - level(noise) == pytest.approx(15, abs=0.05)


def test_loud_noise_lowers_the_speech_instead_of_clipping():
    speech, noise = signals(6000)
    mixture, clean = mix(speech, noise, 15.0)
    np.testing.assert_array_equal(mixture.astype(int) - clean, noise)
    assert level(clean) - level(noise) < 14


def test_noise_between_whole_numbers_is_rounded_with_the_speech():
    speech, noise = signals()
    noise = noise + 0.4
    mixture, clean = mix(speech, noise, 6.0)
    assert np.abs(mixture - clean - noise).max() < 1
    assert np.abs(np.mean(mixture - clean - noise)) < 0.05
    assert len(np.unique(mixture - clean - np.floor(noise))) == 2
