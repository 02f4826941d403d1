"""Recover a UserError that a data loader's worker process raised."""

from __future__ import annotations

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns
from espnet_kd.tasks.checks.data_lists import DataList


def user_error(error: Exception, data: DataList) -> UserError | None:
    """Return the UserError behind `error`, with the audio files of an utterance that it names.

    Args:
        error: error that ended a training; it may come from a data loader's worker process.
        data: the training and validation lists.

    Returns:
        The UserError; None if `error` has another cause.
    """
    found = behind(error)
    if found is None:
        return None
    where, _, problem = str(found).partition(": ")
    return UserError(_with_audio_files(where, data), problem)


def behind(error: Exception) -> UserError | None:
    """Return the UserError that ended a training or decoding; None if it has another cause.

    torch's data loader passes on only the text of the worker's traceback.
    """
    if isinstance(error, UserError):
        return error
    text = " ".join(map(str, error.args))  # str(error) of some errors of libsndfile raises another
    _, found, line = text.rpartition(f"{UserError.__module__}.{UserError.__name__}: ")
    where, _, problem = line.strip().partition(": ")
    return UserError(where, problem) if found else None


def _with_audio_files(where: str, data: DataList) -> str:
    """Append the audio files of an utterance to its id; the preprocessor knows only the id."""
    columns = [read_columns(path) for path, _, kind in data if kind in ("sound", "reference")]
    files = dict.fromkeys(table[where] for table in columns if where in table)
    return f"{where} ({' '.join(files)})" if files else where
