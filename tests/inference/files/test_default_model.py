"""The model that comes with the package: small, causal, and better than nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from espnet_kd.inference.files.load import DEFAULT_MODEL, load_backend
from espnet_kd.scoring.se_metrics import si_snr


def mixture() -> tuple[np.ndarray, np.ndarray]:
    """A vowel-like buzz of 120 Hz that comes and goes, and the same in noise at 5 dB, (T,)."""
    time = np.arange(48000) / 16000
    buzz = sum(
        np.sin(2 * np.pi * 120 * k * time) / (1 + ((120 * k - 700) / 300) ** 2)
        for k in range(1, 30)
    )
    speech = 0.05 * buzz * np.clip(np.sin(2 * np.pi * 2 * time), 0, None)
    noise = np.random.default_rng(0).standard_normal(48000)
    noise *= np.sqrt((speech**2).mean() / (noise**2).mean() / 10**0.5)
    return speech.astype(np.float32), (speech + noise).astype(np.float32)


def test_size_and_card():
    """The card is in the repository, too, so that it can be read there."""
    assert DEFAULT_MODEL.stat().st_size < 1e6
    with zipfile.ZipFile(DEFAULT_MODEL) as archive:
        card = archive.read("README.md").decode()
    assert card == Path(DEFAULT_MODEL).with_name("README.md").read_text(encoding="utf-8")
    assert "A demonstration" in card and "license: apache-2.0" in card and "[8.71, 11.60]" in card


def test_it_removes_noise_and_keeps_the_polarity():
    speech, noisy = mixture()
    enhanced = load_backend(None).enhance(noisy)
    before, after = (si_snr(speech.astype(float), x.astype(float)) for x in (noisy, enhanced))
    assert before == pytest.approx(5, abs=0.1)
    assert after > before + 5
    assert (speech * enhanced).sum() > 0.5 * (speech**2).sum()


def test_its_stream_and_its_onnx_file_compute_the_same(tmp_path):
    _, noisy = mixture()
    backend = load_backend(None)
    whole = backend.enhance(noisy)
    with zipfile.ZipFile(DEFAULT_MODEL) as archive:
        archive.extract("default.onnx", tmp_path)
    for streamer in (backend.streamer(), load_backend(tmp_path / "default.onnx").streamer()):
        enhanced, state = streamer.step(noisy[None], streamer.initial_state())
        found = np.concatenate([enhanced, streamer.flush(state)], axis=1)[0]
        np.testing.assert_allclose(found, whole, atol=1e-5)
        assert streamer.latency == 512
