"""Characters that a reader does not see."""

import unicodedata

import pytest

from espnet_kd.characters import CONTROL, INVISIBLE, shown, unseen
from espnet_kd.errors import UserError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A\x00B", "U+0000"),
        ("A\x85B", "U+0085"),
        ("A\u200bB", "U+200B ZERO WIDTH SPACE"),
        ("A\u00adB", "U+00AD SOFT HYPHEN"),
        ("\ufeffA", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("A\u202eB", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("A\u200dB", "U+200D ZERO WIDTH JOINER"),
        ("A\u00a0B", "U+00A0 NO-BREAK SPACE"),
        ("A\u3000B", "U+3000 IDEOGRAPHIC SPACE"),
    ],
)
def test_what_is_not_seen_is_named(text, name):
    assert unseen(text) == name


@pytest.mark.parametrize("text", ["A B", "Straße 日本", "می\u200cخواهم", "क्\u200dष", "A\tB", ""])
def test_letters_spaces_and_joiners_of_a_script_are_seen(text):
    assert unseen(text) == ""


def test_every_format_character_is_known():
    """Unicode's category Cf, except visible signs such as the Arabic number sign."""
    signs = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u110bd\u110cd"
    formats = {c for c in map(chr, range(0x20000)) if unicodedata.category(c) == "Cf"}
    unknown = {c for c in formats if not INVISIBLE.search(c)} - set(signs)
    assert {f"{ord(c):x}" for c in unknown} <= {
        *("110bd", "110cd"),  # Kaithi number signs
        *(f"{n:x}" for n in range(0x13430, 0x13440)),  # Egyptian quadrats
        *(f"{n:x}" for n in range(0x1BCA0, 0x1BCA4)),  # shorthand
        *(f"{n:x}" for n in range(0x1D173, 0x1D17B)),  # musical symbols
    }


def test_control_characters_are_those_of_unicode_without_tab_and_line_ends():
    controls = {c for c in map(chr, range(0x100)) if unicodedata.category(c) == "Cc"}
    assert {c for c in controls if CONTROL.match(c)} == controls - set("\t\n\r")


@pytest.mark.brings("lists", "an invisible character in a path", "the message shows its escape")
def test_messages_show_what_is_not_seen():
    assert shown("a\u200bé\x00") == "a\\u200bé\\x00"
    error = UserError("/a\u200b.wav", "is missing:\u00a0x", "give\nit")
    assert str(error) == "/a\\u200b.wav: is missing:\\xa0x; give it"
