"""The tablet: its six microphones, and how sound reaches each of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from espnet_kd.corpora.mini_chime4.speech import RATE

SPEED_OF_SOUND = 343.0
# Meters: x to the right, y away from the tablet's face, z up. Channels 1 to 6; 2 faces backwards.
MICROPHONES = np.array(
    [
        [-0.10, 0.00, 0.095],
        [0.00, -0.02, 0.095],
        [0.10, 0.00, 0.095],
        [-0.10, 0.00, -0.095],
        [0.00, 0.00, -0.095],
        [0.10, 0.00, -0.095],
    ]
)
BACKWARD = 1  # index of channel 2
FRONT_GAIN = np.where(np.arange(6) == BACKWARD, 0.45, 1.0)  # of the talker's speech


def talker_position(rng: np.random.Generator) -> np.ndarray:
    """Draw the position of a mouth relative to the tablet's center: meters, shape (3,)."""
    return np.array([rng.uniform(-0.15, 0.15), rng.uniform(0.3, 0.5), rng.uniform(0.05, 0.3)])


def delays_from(position: np.ndarray) -> np.ndarray:
    """Return the delay of each microphone in seconds, shape (6,); the smallest is 0."""
    seconds = np.linalg.norm(MICROPHONES - position, axis=1) / SPEED_OF_SOUND
    return seconds - seconds.min()


def smooth_response(
    rng: np.random.Generator, channels: int, decibels: float, tilt: float = 0.0
) -> np.ndarray:
    """Draw short filters that color the sound of microphones.

    Args:
        rng: draws the gains.
        channels: number of filters.
        decibels: standard deviation of the gain at each of ten points up to 8 kHz.
        tilt: further gain in decibels at 8 kHz; it rises linearly from 0 dB at 0 Hz.

    Returns:
        Symmetric (linear-phase) filters, shape (channels, 65), with a delay of 32 samples.
    """
    bins = np.linspace(0, 1, 33)
    points = np.linspace(0, 1, 10)
    gains = rng.normal(0, decibels, (channels, 10)) + tilt * points
    curves = np.stack([np.interp(bins, points, row) for row in gains])
    impulse = np.fft.fftshift(np.fft.irfft(10 ** (curves / 20), 64), axes=1)
    return np.pad(impulse, ((0, 0), (0, 1))) * np.hanning(65)


FILTER_DELAY = 32


def filter_channels(wave: np.ndarray, filters: np.ndarray, length: int | None = None) -> np.ndarray:
    """Convolve one signal (samples,) or six (channels, samples) with filters (channels, taps).

    Returns:
        float32, shape (channels, length); without `length`, the full convolution.
    """
    full = wave.shape[-1] + filters.shape[-1] - 1
    size = next_fast_len(full, real=True)
    spectrum = rfft(np.asarray(wave, np.float32), size) * rfft(filters.astype(np.float32), size)
    return irfft(spectrum, size)[..., : full if length is None else length]


def steer(wave: np.ndarray, delays: np.ndarray) -> np.ndarray:
    """Delay signals by fractions of a sample.

    Args:
        wave: one signal for all channels (samples,) or one per channel (channels, samples).
        delays: seconds, each below 0.05, shape (channels,).

    Returns:
        float32, shape (channels, samples).
    """
    samples = wave.shape[-1]
    size = next_fast_len(samples + RATE // 20, real=True)
    spectrum = rfft(np.asarray(wave, np.float32), size) * _phases(delays, size)
    return irfft(spectrum, size)[:, :samples]


def plane_waves(
    rng: np.random.Generator, sources: Iterable[np.ndarray], samples: int, responses: np.ndarray
) -> np.ndarray:
    """Record distant sources with the tablet, each from its own direction.

    Args:
        rng: draws the directions.
        sources: signals of shape (samples,).
        samples: length of the sources.
        responses: microphone filters, shape (6, taps).

    Returns:
        float32, shape (6, samples).
    """
    size = next_fast_len(samples + responses.shape[1], real=True)
    total = np.zeros((6, size // 2 + 1), np.complex64)
    for source in sources:
        direction = rng.normal(size=3) * (1, 1, 0.4)
        path = MICROPHONES @ (direction / np.linalg.norm(direction))
        delays = (path - path.min()) / SPEED_OF_SOUND
        spectrum = rfft(np.asarray(source, np.float32), size)
        for channel, delay in enumerate(delays):
            total[channel] += spectrum * _phases(delay, size)
    total *= rfft(responses.astype(np.float32), size)
    return irfft(total, size)[:, :samples]


def _phases(delays: np.ndarray | float, size: int) -> np.ndarray:
    """Return phase factors of delays at the bins of a real FFT: complex64, shape (..., bins)."""
    bins, stride = size // 2 + 1, 1024
    turns = np.asarray(delays)[..., None] * RATE / size  # per bin
    fine = np.exp(-2j * np.pi * turns * np.arange(stride))
    coarse = np.exp(-2j * np.pi * turns * stride * np.arange(-(-bins // stride)))
    # An outer product of two short tables: far cheaper than one exponential per bin.
    table = coarse.astype(np.complex64)[..., None] * fine.astype(np.complex64)[..., None, :]
    return table.reshape(*table.shape[:-2], -1)[..., :bins]
