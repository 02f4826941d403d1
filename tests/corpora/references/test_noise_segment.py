from __future__ import annotations

import numpy as np
import pytest

from espnet_kd.corpora.references import noise_segment
from espnet_kd.corpora.references.noise_segment import NoiseSegment
from espnet_kd.errors import UserError


@pytest.fixture
def ramp(chime4):
    """A recording whose samples count up from 1."""
    return chime4.write(chime4.root / "ramp.CH4.wav", np.arange(1, 1001, dtype=np.int16))


@pytest.mark.parametrize(
    ("start", "offset", "expected"),
    [(10, 0, [11, 12, 13]), (10, -1, [10, 11, 12]), (0, -1, [0, 1, 2]), (997, 1, [999, 1000, 0])],
)
def test_a_span_counts_from_sample_zero_and_may_exceed_the_ends_by_one(
    ramp, start, offset, expected
):
    segment = NoiseSegment((ramp, ramp), start, start + 3)
    assert segment.read(3, offset).tolist() == [expected, expected]


def test_a_span_outside_the_recording_is_rejected(ramp):
    with pytest.raises(UserError, match=f"^{ramp}: ends at 1000, but 998 to 1002 are annotated"):
        NoiseSegment((ramp,), 998, 1002).read(4)


def test_estimates_change_with_the_settings_of_the_estimator(ramp, monkeypatch):
    background, estimate = NoiseSegment((ramp,), 5, 9), NoiseSegment((ramp,), 5, 9, ramp)
    assert background.settings() == "background ramp 5 9"
    before = estimate.settings()
    monkeypatch.setattr(noise_segment, "BLOCK", 8000)
    assert estimate.settings() != before and background.settings() == "background ramp 5 9"
