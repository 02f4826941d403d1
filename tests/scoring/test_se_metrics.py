from __future__ import annotations

import math

import numpy as np
import pesq
import pystoi
import pytest
from scipy.linalg import toeplitz

from espnet_kd.scoring import se_metrics
from espnet_kd.scoring.se_metrics import METRICS, SILENT_SCORES, score_pair

from ..se_files import speech_and_noise

# gain -> SDR by mir_eval 0.8.2, separation.bss_eval_sources(speech, speech + gain * noise).
MIR_EVAL = {0.2: 20.8504, 1.0: 6.8735, 3.0: -2.6102}


@pytest.fixture(scope="module")
def signals() -> tuple[np.ndarray, np.ndarray]:
    return speech_and_noise()


@pytest.mark.parametrize(("gain", "sdr"), MIR_EVAL.items())
def test_sdr_matches_mir_eval(signals, gain, sdr):
    speech, noise = signals
    assert se_metrics.sdr(speech, speech + gain * noise) == pytest.approx(sdr, abs=1e-3)


def test_sdr_allows_a_filter_of_512_taps():
    speech, noise = speech_and_noise(0.4)
    echo = np.convolve(speech, np.r_[1.0, np.zeros(400), 0.5])[: speech.size] + 0.3 * noise
    padded = np.r_[speech, np.zeros(511)]
    shifts = toeplitz(padded, np.r_[padded[0], np.zeros(511)])
    wanted = np.r_[echo, np.zeros(511)]
    target = shifts @ np.linalg.solve(shifts.T @ shifts, shifts.T @ wanted)
    expected = 10 * np.log10(np.sum(target**2) / np.sum((wanted - target) ** 2))
    assert se_metrics.sdr(speech, echo) == pytest.approx(expected, abs=1e-2)
    assert se_metrics.sdr(speech, echo) > se_metrics.si_snr(speech, echo) + 3


@pytest.mark.parametrize("snr", [-5.0, 0.0, 12.0])
def test_si_snr_equals_the_snr_of_orthogonal_noise(signals, snr):
    speech, noise = (signal - signal.mean() for signal in signals)
    noise -= speech * (noise @ speech) / (speech @ speech)
    noise *= np.sqrt(speech @ speech / (noise @ noise)) * 10 ** (-snr / 20)
    assert se_metrics.si_snr(speech, speech + noise) == pytest.approx(snr, abs=1e-6)
    assert se_metrics.si_snr(speech, 0.1 * (speech + noise) + 0.2) == pytest.approx(snr, abs=1e-6)


def test_pesq_and_stoi_match_their_packages(signals):
    speech, noise = signals
    noisy = speech + noise
    scores = score_pair(speech, noisy)
    assert scores["pesq"] == pytest.approx(pesq.pesq(16000, speech, noisy, "wb"))
    assert scores["stoi"] == pytest.approx(100 * pystoi.stoi(speech, noisy, 16000))
    mapped = 0.999 + 4 / (1 + math.exp(-1.4945 * scores["pesq_raw"] + 4.6607))
    assert mapped == pytest.approx(pesq.pesq(16000, speech, noisy, "nb"))


def test_a_perfect_estimate_gets_the_highest_score_of_each_metric(signals):
    speech, _ = signals
    tops = {"pesq": 4.644, "pesq_raw": 4.5, "stoi": 100.0, "sdr": 60.0, "si_snr": 60.0}
    assert score_pair(speech, speech) == pytest.approx(tops, abs=1e-3)


def test_more_noise_is_worse_in_every_metric(signals):
    speech, noise = signals
    scores = [score_pair(speech, speech + gain * noise) for gain in (0.1, 0.5, 2.0)]
    for metric in METRICS:
        values = [score[metric] for score in scores]
        assert values == sorted(values, reverse=True), metric


@pytest.mark.parametrize("value", [0.0, 0.25])
def test_a_silent_estimate_gets_the_lowest_score_of_each_metric(signals, value):
    speech, noise = signals
    silent = score_pair(speech, np.full_like(speech, value))
    awful = score_pair(speech, noise)
    assert silent == SILENT_SCORES
    assert all(silent[metric] < awful[metric] for metric in METRICS)


def test_pesq_and_stoi_of_a_short_signal_are_undefined(signals):
    speech, noise = (signal[4000:7000] for signal in signals)
    scores = score_pair(speech, speech + noise)
    undefined = {metric for metric in METRICS if math.isnan(scores[metric])}
    assert undefined == {"pesq", "pesq_raw", "stoi"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: (s, s[:-1]), "shapes"),
        (lambda s: (s, np.where(np.arange(s.size) == 5, np.nan, s)), "not finite"),
        (lambda s: (0 * s, s), "reference is silent"),
    ],
)
def test_invalid_samples_are_rejected(signals, change, message):
    with pytest.raises(ValueError, match=message):
        score_pair(*change(signals[0]))


def test_only_what_is_asked_for_is_computed(signals):
    speech, noise = signals
    expected = score_pair(speech, speech + noise)["si_snr"]
    assert score_pair(speech, speech + noise, ("si_snr",)) == {"si_snr": expected}
    silent = score_pair(speech, np.zeros_like(speech), ("stoi",))
    assert silent == {"stoi": SILENT_SCORES["stoi"]}
