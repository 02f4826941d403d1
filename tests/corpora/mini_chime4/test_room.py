import numpy as np
import pytest

from espnet_kd.corpora.mini_chime4.room import impulse_responses

TALKER = np.array([0.0, 0.4, 0.15])


@pytest.fixture(scope="module")
def responses():
    return {
        place: impulse_responses(np.random.default_rng(2), place, TALKER)
        for place in ("BUS", "CAF", "PED", "STR", "BTH")
    }


def decay_seconds(response):
    """Return the time from the direct sound until a millionth of the energy is left."""
    left = np.cumsum(response[::-1] ** 2)[::-1]
    return (np.sum(left > 1e-6 * left[0]) - np.argmax(np.abs(response))) / 16000


def test_the_close_microphone_hears_first_and_loudest(responses):
    for place, rows in responses.items():
        peaks = np.argmax(np.abs(rows), axis=1)
        assert rows.shape[0] == 7 and peaks[0] < peaks[1:].min(), place
        assert np.argmax(np.abs(rows).max(axis=1)) == 0


def test_direct_sound_arrives_after_its_travel_time(responses):
    distance = np.linalg.norm(TALKER - [0, 0, -0.095])
    for rows in responses.values():
        assert np.argmax(np.abs(rows[5])) == pytest.approx(distance / 343 * 16000, abs=1.5)


def test_reverberation_is_small_and_smallest_in_the_booth(responses):
    decay = {place: decay_seconds(rows[5]) for place, rows in responses.items()}
    assert decay["BTH"] == min(decay.values()) and decay["BTH"] < 0.06
    assert 0.05 < decay["BUS"] < 0.4 and 0.05 < decay["CAF"] < 0.4
