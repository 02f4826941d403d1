import numpy as np

from espnet_kd.corpora.mini_chime4.faults import WORKING, correlations, maybe_break


def recording(rng):
    envelope = np.repeat(rng.uniform(0.05, 1, 60), 800)
    return 3000 * envelope * rng.normal(size=48000) + 20 * rng.normal(size=(6, 48000))


def test_only_the_failing_microphone_is_found():
    rng = np.random.default_rng(0)
    broken = 0
    for _ in range(150):
        wave = recording(rng)
        gains = maybe_break(rng, wave.shape[1])
        failing = np.zeros(6, bool)
        if gains is not None:
            wave *= gains
            failing = gains.min(axis=1) < 1
            broken += 1
        found = correlations(np.rint(wave).astype(np.int16)) <= WORKING
        np.testing.assert_array_equal(found, failing)
    assert 4 <= broken <= 30
