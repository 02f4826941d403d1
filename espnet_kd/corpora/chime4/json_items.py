"""Read a JSON list element by element: annotations may not fit into memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from json.decoder import WHITESPACE

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_chunks, read_text


def json_items(path: str | os.PathLike) -> Iterator[object]:
    """Yield the elements of a list in a JSON file.

    Raises:
        UserError: as `read_text`; also if the text is not JSON or not a list.
    """
    count = 0
    try:
        for item in _items(read_chunks(path)):
            count += 1
            yield item
    except ValueError:  # parsing the whole text says what is wrong and where
        yield from _whole(path)[count:]


def _items(chunks: Iterator[str]) -> Iterator[object]:
    """Yield the elements of a JSON list; ValueError if it is malformed or empty."""
    decode = json.JSONDecoder().raw_decode
    text, place, mark = "", 0, "["
    while True:
        try:
            item, end = decode(text, _after(text, place, mark))
            if end == len(text):  # a number may continue in the next chunk
                raise ValueError
        except ValueError:
            chunk = next(chunks, "")
            if chunk:
                text, place = text[place:] + chunk, 0
                continue
            if text[_after(text, place, "]") :].strip():
                raise
            return
        yield item
        place, mark = end, ","


def _after(text: str, place: int, mark: str) -> int:
    """Return where the next token begins, after `mark`, which must come first."""
    start = WHITESPACE.match(text, place).end()
    if text[start : start + 1] != mark:
        raise ValueError
    return WHITESPACE.match(text, start + 1).end()


def _whole(path: str | os.PathLike) -> list:
    try:
        items = json.loads(read_text(path))
    except ValueError as error:
        raise UserError(path, f"is not JSON ({error})", "restore it") from None
    if not isinstance(items, list):
        raise UserError(path, "is not a list of utterances", "restore it")
    return items
