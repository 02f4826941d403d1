"""Atomic writes and Kaldi-style two-column files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from espnet_kd.errors import DISK_FULL, UserError


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it on success and removed on failure.

    Raises:
        OSError: a full disk, with the name of `path`, which the system's own error does not tell.
        UserError: nothing can be written there.
    """
    path = Path(path)
    # The suffix stays last: soundfile and numpy choose the format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from None
        if error.filename and Path(error.filename) in (temporary, *path.parents):
            problem = f"cannot be written ({error.strerror})"
            raise UserError(path, problem, "make room for it, or name another place") from None
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_changed(path: str | os.PathLike, text: str) -> None:
    """Write a text file atomically unless it holds this text already."""
    if not os.path.exists(path) or Path(path).read_text(encoding="utf-8") != text:
        write_text(path, text)


def read_text(path: str | os.PathLike) -> str:
    """Text of a UTF-8 file, with "\\n" at the end of lines whatever the file has there.

    Raises:
        UserError: absent, not readable, or not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(path, "does not exist", "restore it") from None
    except UnicodeDecodeError as error:
        raise UserError(path, f"is not UTF-8 ({error.reason})", "convert it") from None
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror})", "restore it") from None


def read_columns(path: str | os.PathLike) -> dict[str, str]:
    """Read a file of `<id> <value>` lines; the value may hold spaces or be empty, a tab may be the
    space between them.

    Raises:
        UserError: absent file, text that is not UTF-8, an empty line, an id twice, ids unsorted.
    """
    path = Path(path)
    values: dict[str, str] = {}
    previous = ""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                key, *value = line.split(maxsplit=1) or [""]
                if not key:
                    raise UserError(path, f"line {number} is empty", "remove it")
                if key in values:
                    raise UserError(path, f"id '{key}' stands twice (line {number})", "keep one")
                if key < previous:
                    raise UserError(
                        path,
                        f"id '{key}' (line {number}) comes after '{previous}': not sorted",
                        "sort it with LC_ALL=C sort",
                    )
                previous = key
                values[key] = value[0].rstrip() if value else ""
    except FileNotFoundError:
        raise UserError(path, "does not exist", "run the stage that writes it") from None
    except UnicodeDecodeError as error:
        raise UserError(path, f"is not UTF-8 ({error.reason})", "convert it") from None
    return values


def write_columns(path: str | os.PathLike, values: Mapping[str, object]) -> None:
    """Write `<id> <value>` lines sorted by id in C order, atomically."""
    write_lines(path, (f"{key} {values[key]}".rstrip() for key in sorted(values)))


def write_lines(path: str | os.PathLike, lines: Iterable[str]) -> None:
    """Write lines atomically, streaming."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in lines)
