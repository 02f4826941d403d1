"""Fourier initialization of the filterbank."""

import pytest
import torch
from torch.nn.functional import conv1d, conv_transpose1d

from espnet_kd.enh.layers.filterbank import fourier_filterbank


@pytest.mark.parametrize("kernel", [2, 20, 128])
def test_perfect_reconstruction(kernel):
    filters = fourier_filterbank(2 * kernel, kernel)
    assert filters.shape == (2 * kernel, 1, kernel)
    wave = torch.randn(1, 1, 8 * kernel)
    code = conv1d(wave, filters, stride=kernel // 2).relu()
    again = conv_transpose1d(code, filters, stride=kernel // 2)
    inner = slice(kernel // 2, -kernel // 2)  # at the margins only one window contributes
    torch.testing.assert_close(again[..., inner], wave[..., inner], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("filters", "kernel"), [(256, 20), (40, 40), (42, 21)])
def test_sizes_without_reconstruction_are_rejected(filters, kernel):
    with pytest.raises(ValueError, match=f"not {kernel} and {filters}"):
        fourier_filterbank(filters, kernel)
