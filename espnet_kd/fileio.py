"""Write files atomically; read and write Kaldi-style two-column files."""

from __future__ import annotations

import contextlib
import filecmp
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

from espnet_kd.characters import CONTROL, INVISIBLE, named
from espnet_kd.errors import DISK_FULL, UserError

CHUNK = 1 << 16  # characters


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike, only_changed: bool = False) -> Iterator[Path]:
    """Yield a temporary path next to `path`; rename it to `path` on success, else remove it.

    Args:
        path: file to write.
        only_changed: do not touch a file that already has the same content.

    Raises:
        OSError: the disk is full; names `path`, which the system's own error does not.
        UserError: `path` cannot be written.
    """
    path = Path(path)
    # Keep the suffix last: soundfile and numpy choose the file format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if not (only_changed and holds_same(path, temporary)):
            os.replace(temporary, path)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from None
        if error.filename and Path(error.filename) in (temporary, *path.parents):
            problem = f"cannot be written ({error.strerror})"
            raise UserError(path, problem, "check its folder, or give another path") from None
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def holds_same(path: Path, other: Path) -> bool:
    """Return whether `path` exists and has the same content as `other`."""
    return path.exists() and filecmp.cmp(path, other, shallow=False)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_changed(path: str | os.PathLike, text: str) -> None:
    """Write a text file atomically unless it already holds this text."""
    if not os.path.exists(path) or Path(path).read_text(encoding="utf-8") != text:
        write_text(path, text)


def read_text(path: str | os.PathLike) -> str:
    """Return the text of a UTF-8 file, with every line end converted to "\\n".

    Raises:
        UserError: the file does not exist, cannot be read, or is not UTF-8.
    """
    return "".join(read_chunks(path))


def read_chunks(path: str | os.PathLike) -> Iterator[str]:
    """Yield the text of a UTF-8 file piece by piece; see `read_text`."""
    with _readable(path) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def read_lines(path: str | os.PathLike, fix: str = "restore it") -> Iterator[str]:
    """Yield the text of a UTF-8 file line by line; see `read_text`.

    Args:
        path: file to read.
        fix: what to do if it does not exist.
    """
    with _readable(path, fix) as file:
        yield from file


def checked_lines(path: str | os.PathLike, fix: str = "restore it") -> Iterator[tuple[int, str]]:
    """Yield number and text of each line, without its line end; see `read_lines`.

    Raises:
        UserError: a line has a control character other than tab, as in a damaged file.
    """
    for number, line in enumerate(read_lines(path, fix), 1):
        if found := CONTROL.search(line):
            raise UserError(
                path,
                f"line {number} has the control character {named(found[0])}",
                "remove it, or save the file as UTF-8 text",
            )
        yield number, line.rstrip("\n")


@contextlib.contextmanager
def _readable(path: str | os.PathLike, fix: str = "restore it") -> Iterator[TextIO]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            yield file
    except FileNotFoundError:
        raise UserError(path, "does not exist", fix) from None
    except UnicodeDecodeError as error:
        raise UserError(path, f"is not UTF-8 ({error.reason})", "convert it") from None
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror})", "restore it") from None


FIX = "run the stage that writes it"


def read_columns(path: str | os.PathLike, fix: str = FIX) -> dict[str, str]:
    """Read a file of `<id> <value>` lines into a dictionary; see `iterate_columns`."""
    return dict(iterate_columns(path, fix))


def read_paths(path: str | os.PathLike, fix: str = FIX) -> dict[str, str]:
    """Read a list of files, such as `wav.scp`; see `iterate_columns`.

    Raises:
        UserError: an id has no file.
    """
    table = read_columns(path, fix)
    for key, value in table.items():
        if not value:
            raise UserError(path, f"names no file for '{key}'", fix)
    return table


def read_lengths(path: str | os.PathLike) -> dict[str, int]:
    """Read numbers of samples, as in `utt2num_samples`; see `iterate_columns`.

    Raises:
        UserError: a value is not a positive integer.
    """
    lengths = {}
    for key, value in iterate_columns(path):
        if not (value.isascii() and value.isdigit() and int(value) > 0):
            raise UserError(path, f"'{key}' has '{value}' samples", FIX)
        lengths[key] = int(value)
    return lengths


def iterate_columns(path: str | os.PathLike, fix: str = FIX) -> Iterator[tuple[str, str]]:
    """Yield the id and the value of each `<id> <value>` line of a file.

    Args:
        path: file to read.
        fix: what to do if it does not exist.

    The value may hold spaces or be empty. A tab may separate id and value.

    Raises:
        UserError: the file does not exist or is not UTF-8, a line is empty or has a control
            character, an id has an invisible character or appears twice, or the ids are not sorted.
    """
    previous = ""
    for number, line in checked_lines(path, fix):
        key, *value = line.split(maxsplit=1) or [""]
        if not key:
            raise UserError(path, f"line {number} is empty", "remove it")
        if found := INVISIBLE.search(key):
            raise UserError(
                path, f"id '{key}' (line {number}) has {named(found[0])}", "remove that character"
            )
        if key == previous:
            raise UserError(path, f"id '{key}' appears twice (line {number})", "keep one")
        if key < previous:
            raise UserError(
                path,
                f"id '{key}' (line {number}) comes after '{previous}': not sorted",
                "sort it with LC_ALL=C sort",
            )
        previous = key
        yield key, value[0].rstrip() if value else ""


def write_columns(path: str | os.PathLike, values: Mapping[str, object]) -> None:
    """Write `<id> <value>` lines sorted by id in C order, atomically.

    Raises:
        UserError: an id is empty, or has white space or an invisible character; a value has a line
            end or is not UTF-8.
    """
    write_lines(path, (_line(path, key, str(values[key])) for key in sorted(values)))


def _line(path: str | os.PathLike, key: str, value: str) -> str:
    if key.split() != [key]:
        raise UserError(path, f"id '{key}' is empty or has white space", "rename it")
    if found := INVISIBLE.search(key):  # a byte order mark would be lost when it is read again
        raise UserError(path, f"id '{key}' has {named(found[0])}", "remove that character")
    if "\n" in value or "\r" in value:
        raise UserError(path, f"the value {value!r} of '{key}' has a line end", "rename it")
    if not _is_utf8(value):
        raise UserError(path, f"the name '{value}' of '{key}' is not UTF-8", "rename the file")
    return f"{key} {value}".rstrip()


def _is_utf8(text: str) -> bool:
    """Return whether a text can be written; a file name of another encoding cannot."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def write_lines(path: str | os.PathLike, lines: Iterable[str], only_changed: bool = False) -> None:
    """Write lines atomically, one at a time; see `atomic_path`."""
    with (
        atomic_path(path, only_changed) as temporary,
        temporary.open("w", encoding="utf-8") as out,
    ):
        out.writelines(f"{line}\n" for line in lines)
