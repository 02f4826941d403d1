import numpy as np
import pytest

from espnet_kd.corpora.mini_chime4.plan import make_plan
from espnet_kd.corpora.mini_chime4.real import record, record_booth
from tests.corpora.mini_chime4.conftest import NANO

PLAN = make_plan(NANO, 0)


@pytest.fixture(scope="module", params=[0, 3])
def recording(request):
    return record(PLAN.real[request.param], 0)


def test_speech_and_noise_have_a_plausible_snr(recording):
    for span in recording.spans:
        snr = 10 * np.log10(np.sum(recording.speech[4, span] ** 2) /
                            np.sum(recording.rest[4, span] ** 2))  # fmt: skip
        assert -8 < snr < 18


def test_the_backward_microphone_is_weaker(recording):
    power = np.mean(recording.speech**2, axis=1)
    assert power[1] < 0.7 * np.median(power)


def test_the_close_talk_microphone_is_cleaner_but_not_clean(recording):
    span = recording.spans[0]
    spoken = np.mean(recording.close[span] ** 2)
    pause = np.mean(recording.close[span.stop + 1600 : span.stop + 8000] ** 2)
    assert 5 < 10 * np.log10(spoken / pause) < 40


def test_the_booth_is_nearly_clean():
    recording = record_booth(PLAN.booth[0], 0)
    span = recording.spans[0]
    snr = np.sum(recording.speech[:, span] ** 2) / np.sum(recording.rest[:, span] ** 2)
    assert 20 < 10 * np.log10(snr) < 60
