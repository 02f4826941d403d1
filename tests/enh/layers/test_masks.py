"""Padding masks and positional encodings."""

import math

import pytest
import torch

from espnet_kd.enh.layers.masks import padding_mask, sinusoids


def test_padding_is_marked():
    mask = padding_mask(torch.tensor([1, 3]), 3)
    assert mask.tolist() == [[False, True, True], [False, False, False]]


def test_sinusoids_golden():
    table = sinusoids(3, 4, torch.zeros(1, dtype=torch.float64))
    assert table.dtype == torch.float64
    expected = [[math.sin(p), math.cos(p), math.sin(p / 100), math.cos(p / 100)] for p in range(3)]
    torch.testing.assert_close(table, torch.tensor(expected).double(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("dim", [1, 3, 5])
def test_sinusoids_of_odd_width(dim):
    table = sinusoids(4, dim, torch.zeros(1))
    torch.testing.assert_close(table[:, 0], torch.arange(4.0).sin())
    assert table.shape == (4, dim)
