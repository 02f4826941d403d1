"""Split transcripts into tokens, and write sclite's .trn files."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence

from espnet_kd.fileio import write_lines

SPACE = "<space>"


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


def write_trn(
    path: str | os.PathLike, tokens: Mapping[str, Sequence[str]], utt2spk: Mapping[str, str]
) -> None:
    """Write lines `tokens<TAB>(speaker-utterance)`, sorted by utterance ID."""
    write_lines(
        path,
        (f"{' '.join(tokens[name])}\t({utt2spk[name]}-{name})" for name in sorted(tokens)),
    )
