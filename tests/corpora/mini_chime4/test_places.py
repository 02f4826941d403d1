import numpy as np
import pytest

from espnet_kd.corpora.mini_chime4.places import PLACES, noise

SECONDS = 12


@pytest.fixture(scope="module")
def recordings():
    return {
        place: noise(np.random.default_rng(5), 0, place, SECONDS * 16000, embedded=False)
        for place in PLACES
    }


def share(wave, low, high):
    power = np.abs(np.fft.rfft(wave[0])) ** 2
    hertz = np.fft.rfftfreq(wave.shape[1], 1 / 16000)
    return power[(hertz >= low) & (hertz < high)].sum() / power.sum()


def test_noise_has_rms_1_and_varies_over_time(recordings):
    for place, wave in recordings.items():
        assert wave.shape == (6, SECONDS * 16000) and np.isfinite(wave).all()
        assert np.sqrt(np.mean(wave**2)) == pytest.approx(1, abs=1e-3)
        level = 10 * np.log10(np.mean(wave[0].reshape(-1, 4000) ** 2, axis=1))
        assert level.std() > 0.5, place


def test_a_bus_rumbles_and_a_cafe_babbles(recordings):
    assert share(recordings["BUS"], 0, 300) > 0.5 > share(recordings["CAF"], 0, 300)
    assert share(recordings["CAF"], 300, 4000) > share(recordings["BUS"], 300, 4000)


def test_microphones_are_coherent_only_at_low_frequencies(recordings):
    wave = np.fft.rfft(recordings["STR"][[0, 5]])
    hertz = np.fft.rfftfreq(SECONDS * 16000, 1 / 16000)

    def coherence(low, high):
        a, b = wave[:, (hertz >= low) & (hertz < high)]
        return abs(np.vdot(a, b)) / np.linalg.norm(a) / np.linalg.norm(b)

    assert coherence(30, 150) > 0.8
    assert coherence(1500, 6000) < 0.6
