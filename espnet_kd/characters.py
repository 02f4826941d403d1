"""Characters that a reader does not see: find them, name them, and show them in messages."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 control characters other than tab and line ends, e.g. the NUL of a damaged file.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt) and interlinear annotations.
# The two joiners belong to the spelling of Arabic and Indic scripts and of emoji, so they are
# invisible only where no such letter is before them.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
    "|(?<![\u0590-\U0010ffff])[\u200c\u200d]"
)

# White space that Kaldi's scripts do not take for a space, e.g. a no-break space.
OTHER_SPACE = re.compile(r"[^\S \t]")


def unseen(text: str) -> str:
    """Return the name of the first character that is not seen or not Kaldi's, or ""."""
    if text.isascii() and text.isprintable():
        return ""
    for kind in (CONTROL, INVISIBLE, OTHER_SPACE):
        if found := kind.search(text):
            return named(found[0])
    return ""


def named(character: str) -> str:
    """Return code point and name of a character, e.g. `U+200B ZERO WIDTH SPACE`."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def line(text: str) -> str:
    """Return a text as one line that can be printed."""
    return " ".join(shown(text).split())


def shown(text: str) -> str:
    """Return a text with escapes, such as `\\u200b`, for the characters that are not seen."""
    return "".join(
        c if c.isprintable() or c in "\t\n\r" else c.encode("unicode_escape").decode() for c in text
    )
