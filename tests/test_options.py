"""Options that hold several fields."""

import pytest

from espnet_kd.errors import UserError
from espnet_kd.options import split_fields


def test_a_value_is_split_into_fields():
    assert split_fields("--model", "a:b/c.yaml:d", "NAME:CONFIG:FILE") == ["a", "b/c.yaml", "d"]


@pytest.mark.parametrize("text", ["a", "a:b:c", "a:", ":b", ""])
def test_a_value_of_another_form_is_shown(text):
    with pytest.raises(UserError, match=f"^--model: '{text}' is not NAME:CONFIG; give all fields$"):
        split_fields("--model", text, "NAME:CONFIG")
