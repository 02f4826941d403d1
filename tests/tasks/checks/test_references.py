"""References that a data list must have."""

from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.tasks.checks.references import check_references


def test_references_are_checked_only_with_categories(tmp_path):
    check_references([])
    check_references([(str(tmp_path / "absent"), "speech_ref1", "sound")])


def test_real_may_lack_a_reference_if_the_type_allows_it(make_data):
    check_references(make_data())
    with pytest.raises(UserError, match="REAL utterance 'b_REAL' has no pseudo-reference"):
        check_references(make_data(kind="sound"))


@pytest.mark.parametrize("kind", ["reference", "sound"])
def test_simulated_without_reference(make_data, kind):
    with pytest.raises(UserError, match="SIMU utterance 'a_SIMU' has no reference"):
        check_references(make_data({"a_SIMU": "-"}, kind))


@pytest.mark.parametrize("kind", ["reference", "sound"])
def test_mixture_is_not_a_reference(make_data, kind):
    data = make_data({"b_REAL": "b_REAL.wav", "c_REAL": "c.ref.wav"}, kind)
    with pytest.raises(UserError, match="reference of REAL utterance 'b_REAL' is its noisy"):
        check_references(data)
