"""Caches of causal layers: zeros at first, the last frames later, independent of the pieces."""

import pytest
import torch

from espnet_kd.enh.layers.past import Past


@pytest.mark.parametrize("sizes", [[9], [1] * 9, [4, 0, 5], [2, 7]])
def test_pieces_equal_the_whole(sizes):
    x, caches, joined = torch.randn(2, 9), (), []
    for piece in x.split(sizes, dim=1):
        past = Past(caches)
        joined.append(past.extend(piece, 3))
        caches = past.kept
        assert caches[0].shape == (2, 3)
    whole = torch.cat([torch.zeros(2, 3), x], dim=1)
    for start, piece in zip(torch.tensor([0, *sizes]).cumsum(0), joined, strict=False):
        assert torch.equal(piece, whole[:, start : start + piece.size(1)])
    assert torch.equal(caches[0], whole[:, -3:])


def test_a_long_piece_is_not_kept_in_memory():
    past = Past()
    past.extend(torch.randn(2, 1000), 3)
    assert past.kept[0].untyped_storage().nbytes() == 2 * 3 * 4


def test_without_frames_nothing_is_kept():
    past, x = Past(), torch.randn(2, 5)
    assert past.extend(x, 0) is x and past.kept == []
