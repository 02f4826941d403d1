"""Models trained with one tested ESPnet load with the other, and compute the same."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from espnet_kd import host

from .write_trained import HERE, compute

NAMES = ("student", "teacher", "recognizer")


@pytest.mark.parametrize("release", host.TESTED)
@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_any_tested_release_computes_the_same(release, name):
    directory = HERE / str(release) / name
    values = yaml.safe_load((directory / "config.yaml").read_text())
    assert values["version"] == str(release)
    with np.load(directory / "signals.npz") as signals:
        mixture, expected = signals["mixture"], signals["output"]
    found = compute(name, directory / "config.yaml", directory / "model.pth", mixture)
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
