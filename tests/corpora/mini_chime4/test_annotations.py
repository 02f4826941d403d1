import numpy as np

from espnet_kd.corpora.mini_chime4.annotations import _pick_channels

ITEM = {"speaker": "F01", "wsj_name": "050C0101", "environment": "BUS"}


def test_a_failing_microphone_is_never_picked():
    values = [0.99, 0.99, 0.79, 0.99, 0.0, 0.99]
    picked = {
        channel
        for seed in range(60)
        for channel in _pick_channels({**ITEM, "correlations": values}, np.random.default_rng(seed))
    }
    assert picked == {1, 4, 6}


def test_two_different_channels_are_picked():
    for seed in range(60):
        first, second = _pick_channels(ITEM, np.random.default_rng(seed))
        assert first != second
