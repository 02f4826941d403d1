from __future__ import annotations

import errno

import pytest

from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError


def square(number: int) -> int:
    if number == 7:
        raise UserError("numbers.txt", "value 7: an evil one", "use 8")
    if number == 9:
        raise OSError(errno.ENOSPC, "full", "nine.wav")
    return number * number


@pytest.mark.parametrize("nj", [1, 2])
def test_results_keep_the_order_of_items(nj):
    assert list(parallel_map(square, range(7), nj, "squares")) == [0, 1, 4, 9, 16, 25, 36]


@pytest.mark.parametrize("nj", [1, 2])
def test_errors_arrive_as_they_were_raised(nj):
    with pytest.raises(UserError, match="^numbers.txt: value 7: an evil one; use 8$"):
        list(parallel_map(square, range(9), nj, "squares"))
    with pytest.raises(OSError, match="full") as caught:
        list(parallel_map(square, [8, 9], nj, "squares"))
    assert caught.value.filename == "nine.wav"
