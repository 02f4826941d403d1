"""What a user sees when an error occurs."""

import errno
import os
import pickle

import pytest

from espnet_kd.errors import UserError, exit_on_user_error


def message_of(error: Exception) -> str:
    @exit_on_user_error
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code


def test_one_line_names_file_problem_and_fix():
    error = UserError("data/wav.scp", "id 'a'\n appears  twice", "keep one")
    assert message_of(error) == "error: data/wav.scp: id 'a' appears twice; keep one"


def test_without_a_fix():
    assert str(UserError("--nj", "is 0")) == "--nj: is 0"


def test_pickling_keeps_the_error():
    error = UserError("a.wav", "has 2 channels", "split it")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (UserError, str(error))


@pytest.mark.parametrize(
    ("number", "problem"),
    [(errno.ENOSPC, "no space left on device"), (errno.EDQUOT, "disk quota exceeded")],
)
def test_a_full_disk_is_one_line(number, problem):
    error = OSError(number, os.strerror(number), "exp/a.wav")
    assert message_of(error) == f"error: exp/a.wav: {problem}; free some space and run again"


@pytest.mark.brings("lists", "a path that is too long, or may not be read", "one line names it")
@pytest.mark.parametrize("number", [errno.ENAMETOOLONG, errno.EACCES, errno.ELOOP, errno.ENOTDIR])
def test_a_bad_path_is_one_line(number):
    problem = os.strerror(number).lower()
    assert message_of(OSError(number, os.strerror(number), "a b")) == (
        f"error: a b: {problem}; check this path and its permissions"
    )


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EACCES, "Permission denied"), FileNotFoundError(2, "", "a"), ValueError("bug")],
)
def test_other_errors_keep_their_traceback(error):
    @exit_on_user_error
    def main() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        main()
    assert caught.value is error
