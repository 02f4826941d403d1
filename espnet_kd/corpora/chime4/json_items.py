"""Elements of a JSON list, one by one: annotations may be longer than memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from json.decoder import WHITESPACE

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_chunks, read_text


def json_items(path: str | os.PathLike) -> Iterator[object]:
    """Read a file that holds a list.

    Raises:
        UserError: as `read_text`; no JSON, or no list.
    """
    count = 0
    try:
        for item in _items(read_chunks(path)):
            count += 1
            yield item
    except ValueError:  # the whole text tells what is wrong and where
        yield from _whole(path)[count:]


def _items(chunks: Iterator[str]) -> Iterator[object]:
    """Elements of a list in JSON; ValueError where that is no such list, or an empty one."""
    decode = json.JSONDecoder().raw_decode
    text, place, mark = "", 0, "["
    while True:
        try:
            item, end = decode(text, _after(text, place, mark))
            if end == len(text):  # a number may go on
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
    """Where the next word begins, after a mark that must come first."""
    start = WHITESPACE.match(text, place).end()
    if text[start : start + 1] != mark:
        raise ValueError
    return WHITESPACE.match(text, start + 1).end()


def _whole(path: str | os.PathLike) -> list:
    try:
        items = json.loads(read_text(path))
    except ValueError as error:
        raise UserError(path, f"is no JSON ({error})", "restore it") from None
    if not isinstance(items, list):
        raise UserError(path, "is no list of utterances", "restore it")
    return items
