"""Resampling piece by piece equals resampling the whole."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import resample_poly

from espnet_kd.inference.files.resample import resampled


def cut(signal: np.ndarray, sizes: list[int]) -> list[np.ndarray]:
    """Cut (N, C) into blocks whose lengths repeat."""
    blocks, start = [], 0
    while start < len(signal):
        blocks.append(signal[start : start + sizes[len(blocks) % len(sizes)]])
        start += len(blocks[-1])
    return blocks


@pytest.mark.parametrize("rates", [(48000, 16000), (16000, 44100), (8000, 16000), (22050, 16000)])
@pytest.mark.parametrize("sizes", [[1 << 16], [1000, 7, 30000]])
def test_pieces_equal_the_whole(rates, sizes):
    signal = np.random.default_rng(0).standard_normal((4 * rates[0] + 11, 2)).astype(np.float32)
    common = math.gcd(*rates)
    expected = resample_poly(signal, rates[1] // common, rates[0] // common, axis=0)
    found = np.concatenate(list(resampled(cut(signal, sizes), *rates)))
    assert found.dtype == np.float32
    assert len(found) == math.ceil(len(signal) * rates[1] / rates[0])
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("length", [1, 5, 441])
def test_short_signals(length):
    signal = np.ones((length, 1), dtype=np.float32)
    expected = resample_poly(signal, 160, 441, axis=0)
    found = np.concatenate(list(resampled([signal], 44100, 16000)))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.brings(
    "audio", "a rate that has no common divisor with 16 kHz", "it is resampled in little memory"
)
def test_odd_rates_need_no_large_kernel():
    rate = 191_999
    time = np.arange(3 * rate) / rate
    signal = np.sin(2 * np.pi * 440 * time).astype(np.float32)[:, None]
    found = np.concatenate(list(resampled(cut(signal, [1 << 16]), rate, 16000)))[:, 0]
    assert len(found) == 48000
    expected = np.sin(2 * np.pi * 440 * np.arange(48000) / 16000)
    np.testing.assert_allclose(found[200:-200], expected[200:-200], atol=2e-3)


def test_equal_rates_change_nothing():
    block = np.ones((3, 1), dtype=np.float32)
    assert list(resampled([block], 16000, 16000))[0] is block
