"""Errors that a data loader's worker process found, as the training process sees them."""

from __future__ import annotations

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns
from espnet_kd.tasks.checks.data_lists import DataList


def user_error(error: Exception, data: DataList) -> UserError | None:
    """Find a UserError, also one from a worker process, and add the audio files it is about.

    Args:
        error: that ended a training.
        data: the training and validation lists.

    Returns:
        None if it is another error.
    """
    line = str(error)
    if not isinstance(error, UserError):
        # torch's data loader passes on nothing but the text of the worker's trace.
        _, found, line = line.rpartition(f"{UserError.__module__}.{UserError.__name__}: ")
        if not found:
            return None
    where, _, problem = line.strip().partition(": ")
    return UserError(_with_audio_files(where, data), problem)


def _with_audio_files(where: str, data: DataList) -> str:
    """Add the audio files of an utterance to its id; a preprocessor knows only the id."""
    columns = [read_columns(path) for path, _, kind in data if kind in ("sound", "reference")]
    files = dict.fromkeys(table[where] for table in columns if where in table)
    return f"{where} ({' '.join(files)})" if files else where
