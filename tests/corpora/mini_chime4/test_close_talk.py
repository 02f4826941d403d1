import numpy as np

from espnet_kd.corpora.mini_chime4.close_talk import close_talk


def test_the_close_talk_recorder_is_late_and_its_clock_is_off():
    clicks = np.zeros(60 * 16000, np.float32)
    clicks[[16000, 59 * 16000]] = 1.0
    for seed in range(5):
        heard = np.abs(close_talk(np.random.default_rng(seed), clicks, np.zeros_like(clicks)))
        first = np.argmax(heard[: 30 * 16000]) - 16000
        last = np.argmax(heard[30 * 16000 :]) - 29 * 16000
        assert 14 <= first <= 162
        assert 17 <= abs(last - first) <= 48
