"""Split transcripts into tokens, and write sclite's .trn files."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence

from espnet_kd.data.transcripts import lower
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_lines

SPACE = "<space>"

# sclite's .trn has notations inside the words: `{ A / B }` are alternatives, `@` is no word, `A;B`
# is A with a tag, "\" and a last "*" are dropped, and a line that starts with ";;" or "**" is a
# comment. Full-width forms have no such meaning, so the token stays a token.
_NOTATION = "{;\\*"
_FULL_WIDTH = {ord(c): chr(ord(c) - 0x20 + 0xFF00) for c in _NOTATION + "@"}


def word_tokens(text: str, removed: Collection[str] = ()) -> list[str]:
    """Return the words of a transcript, without the words in `removed`."""
    return [word for word in text.split() if word not in removed]


def character_tokens(text: str, removed: Collection[str] = ()) -> list[str]:
    """Return the characters of a transcript, without the words in `removed`.

    Words are separated by `<space>`.
    """
    return [
        SPACE if character == " " else character
        for character in " ".join(word_tokens(text, removed))
    ]


def trn_token(token: str) -> str:
    """Return a token as it is written and counted: sclite reads it as this one token."""
    if token == "@" or any(c in token for c in _NOTATION):
        return token.translate(_FULL_WIDTH)
    return token


def trn_ids(utt2spk: Mapping[str, str], source: str | os.PathLike) -> dict[str, str]:
    """Return `speaker-utterance` of each utterance.

    sclite reads the speaker up to the first "-", so its own ones become "_".

    Args:
        utt2spk: speaker of each utterance.
        source: file to name in errors.

    Raises:
        UserError: an id has parentheses, or two differ only in case; sclite cannot read them.
    """
    ids: dict[str, str] = {}
    seen: dict[str, str] = {}
    for utterance, speaker in utt2spk.items():
        ids[utterance] = f"{speaker.replace('-', '_')}-{utterance}"
        if set("()") & set(ids[utterance]):
            raise UserError(
                source,
                f"'{utterance}' of '{speaker}' has parentheses, which sclite cannot read",
                "rename it",
            )
        other = seen.setdefault(lower(ids[utterance]), utterance)
        if other != utterance:
            raise UserError(
                source,
                f"ids '{other}' and '{utterance}' differ only in case, which sclite ignores",
                "rename one",
            )
    return ids


def write_trn(
    path: str | os.PathLike, tokens: Mapping[str, Sequence[str]], ids: Mapping[str, str]
) -> None:
    """Write lines `tokens<TAB>(speaker-utterance)`, sorted by utterance ID.

    Args:
        path: file to write.
        tokens: tokens of each utterance, from `trn_token`.
        ids: see `trn_ids`.
    """
    write_lines(path, (f"{' '.join(tokens[name])}\t({ids[name]})" for name in sorted(tokens)))
