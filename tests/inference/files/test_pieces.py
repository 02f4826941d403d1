"""Pieces of a long signal: they cover it, and equal the whole where a model allows it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from espnet_kd.inference.files.pieces import FADE, divide, enhance_piece, faded

from ...tiny_models import STUDENT, write_enhancement_model
from .backends import Average, Same

RATE = 16000


def in_pieces(signal: np.ndarray, seconds: float, backend) -> np.ndarray:
    """Enhance (N, C) in pieces."""
    pieces = divide(len(signal), seconds, backend)
    computed = ((p, enhance_piece(p, lambda a, b: signal[a:b], backend)) for p in pieces)
    return np.concatenate(list(faded(computed)))


@pytest.mark.parametrize("total", [1, 15999, 16000, 16001, 32001, 100_003])
def test_pieces_cover_the_signal(total):
    pieces = divide(total, 1.0, Average(hop=7))
    assert [p.start for p in pieces] == [0, *(p.stop for p in pieces[:-1])]
    assert pieces[-1].stop == total and pieces[0].fade == pieces[-1].fade_next == 0
    assert all(p.stop - p.start <= RATE for p in pieces)
    assert all(p.read_start % 7 == 0 for p in pieces)
    signal = np.arange(total, dtype=np.float32)[:, None]
    np.testing.assert_allclose(in_pieces(signal, 1.0, Same(1.0)), signal, rtol=1e-6)


@pytest.mark.parametrize("total", [15000, 40_000, 100_003])
def test_a_limited_context_gives_the_samples_of_the_whole(total):
    signal = np.random.default_rng(0).standard_normal((total, 2)).astype(np.float32)
    backend = Average(context=3000, hop=7)
    whole = np.stack([backend.enhance(channel) for channel in signal.T], axis=1)
    backend.lengths.clear()
    np.testing.assert_allclose(in_pieces(signal, 1.0, backend), whole, atol=1e-6)
    assert max(backend.lengths) <= 16000 + 2 * 3000 + FADE * RATE + 7


def test_too_little_context_would_be_noticed():
    """Otherwise, the test above could pass whatever the margins."""
    signal = np.random.default_rng(0).standard_normal((100_003, 1)).astype(np.float32)
    backend = Average(context=8000)
    whole = backend.enhance(signal[:, 0])
    backend.context = 10
    assert np.abs(in_pieces(signal, 1.0, backend)[:, 0] - whole).max() > 1e-4


def test_pieces_that_differ_are_faded():
    class Level(Same):
        def __init__(self):
            self.calls = 0

        def enhance(self, samples):
            self.calls += 1
            return np.full(len(samples), self.calls, dtype=np.float32)

    found = in_pieces(np.ones((2 * RATE, 1), dtype=np.float32), 1.0, Level())[:, 0]
    assert found[0] == 1 and found[-1] == 2
    steps = np.diff(found)
    assert steps.min() >= 0 and steps.max() < 1.5 / (FADE * RATE)


@pytest.mark.brings("audio", "silence", "it stays silence")
def test_silence_does_not_reach_the_model():
    assert not in_pieces(np.zeros((RATE, 2), dtype=np.float32), 1.0, Average(gain=np.nan)).any()


@pytest.fixture(scope="module")
def make_backend(tmp_path_factory):
    """Return a function that writes and loads a tiny model with other arguments."""
    from espnet_kd import host

    host.prepare()
    from espnet_kd.inference.files.torch_backend import TorchBackend

    def make(separator: dict, **changes):
        folder = tmp_path_factory.mktemp("model")
        conf = {**STUDENT["separator_conf"], **separator}
        values = {**STUDENT, "separator_conf": conf, **changes}
        return TorchBackend(*write_enhancement_model(folder, values))

    return make


STFT = {
    "encoder": "stft",
    "encoder_conf": {"n_fft": 512, "hop_length": 200},
    "decoder": "stft",
    "decoder_conf": {"n_fft": 512, "hop_length": 200},
    "filterbank_init": "random",
}


@pytest.mark.parametrize(
    ("separator", "changes", "context"),
    [
        ({"norm_type": "cLN", "layer": 3, "stack": 2}, {}, 14 * 10 + 40),
        ({"norm_type": "cLN", "layer": 3, "stack": 2, "causal": True}, {}, 28 * 10 + 40),
        ({"norm_type": "BN"}, {}, 3 * 10 + 40),
        ({"norm_type": "cLN"}, STFT, 3 * 200 + 1024),
    ],
)
def test_models_in_pieces_equal_the_whole(make_backend, separator, changes, context):
    backend = make_backend(separator, **changes)
    assert backend.context == context
    torch.manual_seed(0)
    signal = 0.1 * torch.randn(50_021, 1).numpy()
    whole = backend.enhance(signal[:, 0].copy())
    assert np.abs(whole).max() > 1e-3
    np.testing.assert_allclose(in_pieces(signal, 1.0, backend)[:, 0], whole, atol=1e-5)
    assert len(divide(len(signal), 1.0, backend)) == 4


def test_a_norm_over_the_utterance_has_no_known_context(make_backend):
    backend = make_backend({"norm_type": "gLN"})
    assert backend.context is None
    signal = 0.1 * np.random.default_rng(0).standard_normal((80_000, 1)).astype(np.float32)
    whole = backend.enhance(signal[:, 0].copy())
    error = in_pieces(signal, 1.0, backend)[:, 0] - whole
    assert 1e-7 < error.std() < 0.05 * whole.std()  # an approximation, but a close one


@pytest.mark.brings("audio", "a recording of one sample", "it is enhanced")
@pytest.mark.parametrize("changes", [{}, STFT])
def test_signals_shorter_than_the_window(make_backend, changes):
    backend = make_backend({"norm_type": "cLN"}, **changes)
    for length in (1, 19):
        found = backend.enhance(np.full(length, 0.1, dtype=np.float32))
        assert found.shape == (length,) and np.isfinite(found).all()
