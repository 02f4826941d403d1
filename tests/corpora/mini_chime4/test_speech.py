import numpy as np
import pytest

from espnet_kd.corpora.mini_chime4.espeak import Reading, synthesize
from espnet_kd.corpora.mini_chime4.speech import RATE, read_aloud, trim
from espnet_kd.corpora.mini_chime4.voices import speaker

SENTENCE = "THE BANK REJECTED THE NEW PLAN TODAY"


def generator():
    return np.random.default_rng(1)


def test_earlier_texts_do_not_affect_synthesis():
    reading = Reading("en-us+f2", 170, 50, 50)
    first = synthesize(SENTENCE, reading)
    synthesize("something else entirely", Reading("en+m3", 190, 30, 70))
    np.testing.assert_array_equal(first, synthesize(SENTENCE, reading))


def test_an_unknown_voice_is_rejected():
    with pytest.raises(RuntimeError, match="no voice 'xx'"):
        synthesize("one", Reading("xx", 170, 50, 50))


def test_speech_is_clear_and_has_silence_around():
    wave = read_aloud(generator(), speaker("F01", 0), SENTENCE)
    quiet = int(0.15 * RATE)
    assert not wave[:quiet].any() and not wave[-quiet:].any()
    assert wave[int(0.31 * RATE) : -int(0.31 * RATE)].std() > 0.5
    assert 140 < 7 / (len(wave) / RATE - 0.45) * 60 < 240


def test_readings_and_speakers_differ():
    rng = generator()
    again = [read_aloud(rng, speaker("F01", 0), SENTENCE) for _ in range(2)]
    assert again[0].shape != again[1].shape or not np.array_equal(*again)
    other = read_aloud(generator(), speaker("F04", 0), SENTENCE)
    assert other.shape != again[0].shape


def test_effort_lifts_high_frequencies():
    def high_share(effort):
        power = np.abs(np.fft.rfft(read_aloud(generator(), speaker("M01", 0), SENTENCE, effort)))
        return np.sum(power[len(power) // 8 :] ** 2) / np.sum(power**2)

    assert high_share(1.0) > 1.5 * high_share(0.0)


def test_silence_cannot_be_trimmed():
    with pytest.raises(ValueError, match="no sound"):
        trim(np.zeros(1600, np.float32))
