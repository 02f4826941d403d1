"""References with more sections of speech than PESQ has room for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from espnet_kd.scoring import pesq_limit
from espnet_kd.scoring.pesq_limit import speech_sections, too_many_sections
from espnet_kd.scoring.se_metrics import score_pair


def bursts(count: int, seconds: int = 60) -> np.ndarray:
    """Return noise bursts with pauses as long as they are."""
    rng = np.random.default_rng(0)
    wave = np.zeros(16000 * seconds)
    for part in np.array_split(wave, count):
        part[len(part) // 8 : len(part) * 5 // 8] = 0.1
    return wave * rng.standard_normal(len(wave))


@pytest.mark.parametrize("count", [1, 20, 50, 51, 60])
def test_sections_are_counted(count):
    """P.862's own code, with room for 1000 sections, finds as many in such bursts."""
    sections = [end - start >= pesq_limit.COUNTED for start, end in speech_sections(bursts(count))]
    assert sum(sections) == count
    assert too_many_sections(bursts(count)) is (count > 50)


def test_short_pauses_are_filled_and_clicks_dropped():
    wave = bursts(4, seconds=8)  # bursts of 1 s
    (start, end), *_ = speech_sections(wave)
    middle = (start + end) // 2 - pesq_limit.PADDING
    wave[middle * 64 : (middle + 40) * 64] = 0.0
    wave[:64] = 0.5
    found = speech_sections(wave)
    assert len(found) == 4 and found[0] == pytest.approx((start, end), abs=2)


def test_a_short_section_after_the_last_counts_too():
    wave = bursts(50)
    assert not too_many_sections(wave)
    wave[-1600:] = wave[2000:3600]  # 100 ms
    assert too_many_sections(np.append(wave, np.zeros(8000)))


@pytest.mark.brings(
    "scoring",
    "a reference with more than 50 sections of speech",
    "its PESQ, which would be wrong, is NaN and counted; all else is scored",
)
def test_pesq_is_undefined_where_its_code_would_be_wrong():
    wave = bursts(52)[: 16000 * 60]
    noisy = wave + 0.01 * np.random.default_rng(1).standard_normal(len(wave))
    scores = score_pair(wave, noisy)
    assert {name for name, value in scores.items() if math.isnan(value)} == {"pesq", "pesq_raw"}
