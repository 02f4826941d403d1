"""What a user sees of an error."""

import errno
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


def test_one_line_names_file_problem_and_mend():
    error = UserError("data/wav.scp", "id 'a'\n stands  twice", "keep one")
    assert message_of(error) == "error: data/wav.scp: id 'a' stands twice; keep one"


def test_without_a_mend():
    assert str(UserError("--nj", "is 0")) == "--nj: is 0"


def test_it_crosses_a_process_boundary_whole():
    error = UserError("a.wav", "has 2 channels", "split it")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (UserError, str(error))


def test_a_full_disk_is_one_line():
    error = OSError(errno.ENOSPC, "No space left on device", "exp/a.wav")
    expected = "error: exp/a.wav: no space left on device; free some and run again"
    assert message_of(error) == expected


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "Permission denied", "a"), ValueError("a mistake of ours")]
)
def test_other_errors_keep_their_trace(error):
    @exit_on_user_error
    def main() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        main()
    assert caught.value is error
