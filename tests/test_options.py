"""Options that hold several fields."""

import pytest

from espnet_kd.errors import UserError
from espnet_kd.options import split_fields


def test_a_value_is_split_into_fields():
    assert split_fields("--model", "a:b/c.yaml:d", "NAME:CONFIG:FILE") == ["a", "b/c.yaml", "d"]


@pytest.mark.parametrize(
    ("text", "form", "fields"),
    [
        ("a:b:c", "NAME:CONFIG", ["a", "b:c"]),
        ("SIMU:train:/x:1/y", "CATEGORY:PART:DIRECTORY", ["SIMU", "train", "/x:1/y"]),
        (r"a:/x\:1/b:/c", "NAME:CONFIG:FILE", ["a", "/x:1/b", "/c"]),
        (r"a:/x\:1", "NAME:CONFIG", ["a", "/x:1"]),
    ],
)
@pytest.mark.brings("lists", r"a colon in a path of an option a:b:c", r"works, or write it \:")
def test_a_path_may_have_colons(text, form, fields):
    assert split_fields("--model", text, form) == fields


@pytest.mark.parametrize("text", ["a", "a:", ":b", ""])
def test_a_value_of_another_form_is_shown(text):
    with pytest.raises(UserError, match=f"^--model: '{text}' is not NAME:CONFIG; give all fields$"):
        split_fields("--model", text, "NAME:CONFIG")


def test_a_colon_too_many_says_how_to_write_it():
    with pytest.raises(
        UserError, match=r"^--job: 'a:/x:1:/b' is not A:B:C; write a colon .*'\\:'$"
    ):
        split_fields("--job", "a:/x:1:/b", "A:B:C")
