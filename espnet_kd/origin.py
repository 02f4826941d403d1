"""What an output was made of: every file that is kept for the next run records the stamps here.

An output is kept only if each of its inputs still has the stamp that it had then. docs/files.md
lists these outputs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

from espnet_kd.errors import UserError

PIECES, PIECE = 16, 1024  # pieces of a file that are hashed, and bytes of each; at most 16 KiB


def stamp(path: str | os.PathLike) -> str:
    """Return size, time of change and a hash of pieces of a file: `<bytes>:<ns>:<hex digits>`.

    Not the order of times: a file from a backup may be older than what was made of its
    predecessor. The pieces are spread evenly from the first byte to the last, so another recording
    of the same size and time has another hash.

    Raises:
        UserError: the file is missing or cannot be read.
    """
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            digest = hashlib.blake2b(digest_size=8)
            if status.st_size <= PIECES * PIECE:
                digest.update(file.read())
            else:
                for number in range(PIECES):
                    file.seek(number * (status.st_size - PIECE) // (PIECES - 1))
                    digest.update(file.read(PIECE))
    except FileNotFoundError:
        raise UserError(path, "does not exist", "restore it or correct its path") from None
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror})", "restore it") from None
    return f"{status.st_size}:{status.st_mtime_ns}:{digest.hexdigest()}"


def stamps(paths: Iterable[str | os.PathLike]) -> str:
    """Return the stamps of several files, separated by spaces."""
    return " ".join(map(stamp, paths))
