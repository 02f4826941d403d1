"""Frames and blocks of pretrained denoisers: no sample is moved or lost."""

from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.inference.peers.frames import overlap_add, with_delay

WAVE = np.random.default_rng(0).standard_normal(1003).astype(np.float32)


@pytest.mark.parametrize(("size", "hop"), [(64, 32), (64, 16), (30, 10), (20, 20)])
@pytest.mark.parametrize("length", [1, 63, 64, 65, 1003])
def test_frames_that_stay_add_up_to_the_signal(size, hop, length):
    found = overlap_add(WAVE[:length], size, hop, lambda frame: frame * hop / size)
    np.testing.assert_allclose(found, WAVE[:length], rtol=1e-5, atol=1e-6)


def test_the_first_frame_ends_with_the_first_hop():
    frames = []
    overlap_add(WAVE, 64, 16, lambda frame: frames.append(frame.copy()) or frame)
    assert not frames[0][:48].any()
    np.testing.assert_array_equal(frames[0][48:], WAVE[:16])
    np.testing.assert_array_equal(frames[3], WAVE[:64])


@pytest.mark.parametrize("delay", [0, 7, 32, 100])
@pytest.mark.parametrize("length", [1, 32, 1003])
def test_a_delay_is_taken_out(delay, length):
    waiting = np.zeros(delay, dtype=np.float32)

    def late(block: np.ndarray) -> np.ndarray:
        nonlocal waiting
        waiting = np.concatenate([waiting, block])
        out, waiting = waiting[: len(block)], waiting[len(block) :]
        return out

    np.testing.assert_array_equal(with_delay(WAVE[:length], 32, delay, late), WAVE[:length])
