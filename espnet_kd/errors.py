"""Errors that a user can fix, shown as one line."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable

from espnet_kd.characters import line

# A full disk or an exceeded quota. On a cluster, it is usually the quota.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# What a path that a user gives may cause anywhere; a file that does not exist is told where it is
# read.
OF_PATH = (
    errno.EACCES,
    errno.EIO,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
    errno.ESTALE,
)


class UserError(Exception):
    """Bad input: the file (or option), what is wrong with it, and how to fix it.

    Args:
        where: file, directory or option at fault.
        problem: what is wrong, with the offending value.
        fix: what to do about it.
    """

    def __init__(self, where: str | os.PathLike, problem: str, fix: str = ""):
        text = f"{os.fspath(where)}: {problem}"
        super().__init__(line(f"{text}; {fix}" if fix else text))
        self._arguments = (where, problem, fix)

    def of_utterance(self, name: str) -> UserError:
        """Return the same error about a file, with the utterance whose file it is."""
        where, problem, fix = self._arguments
        return UserError(where, f"{problem} (utterance '{name}')", fix)

    def __reduce__(self):
        """Keep all arguments when the error is pickled to cross a process boundary."""
        return type(self), self._arguments


def exit_on_user_error(main: Callable[..., None]) -> Callable[..., None]:
    """Report a UserError, a full disk or a bad path as one line on stderr; exit with status 1."""

    @functools.wraps(main)
    def wrapped(*args, **kwargs) -> None:
        try:
            main(*args, **kwargs)
        except UserError as error:
            sys.exit(f"error: {error}")
        except OSError as error:
            if error.errno in DISK_FULL:
                where, fix = error.filename or "disk", "free some space and run again"
            elif error.errno in OF_PATH and isinstance(error.filename, str):
                where, fix = error.filename, "check this path and its permissions"
            else:
                raise
            sys.exit(f"error: {UserError(where, os.strerror(error.errno).lower(), fix)}")

    return wrapped
