"""ERB bands: the authors' peaks, sums of weights, and sizes that do not fit."""

import pytest
import torch

from espnet_kd.enh.layers.erb_bands import ERBBands
from espnet_kd.errors import UserError


def test_peaks_at_the_published_size():
    bands = ERBBands(257, 65, 64, 16000)
    peaks = (bands.triangles.argmax(dim=1) + 65).tolist()
    assert peaks[:6] == [65, 66, 68, 70, 71, 73] and peaks[-3:] == [245, 251, 256]
    assert bands.count == 129


def test_a_bin_is_a_mean_of_at_most_two_bands():
    triangles = ERBBands(257, 65, 64, 16000).triangles
    torch.testing.assert_close(triangles.sum(dim=0), torch.ones(192))
    assert (triangles > 0).sum(dim=0).max() == 2
    torch.testing.assert_close(triangles.sum(dim=1)[:3], torch.tensor([1.0, 1.5, 2.0]))


def test_low_bins_are_kept_and_a_flat_mask_stays_flat():
    bands, x = ERBBands(257, 65, 64, 16000), torch.randn(2, 3, 257, 4)
    assert torch.equal(bands.merge(x)[..., :65, :], x[..., :65, :])
    torch.testing.assert_close(bands.spread(torch.ones(2, 129, 4)), torch.ones(2, 257, 4))


def test_the_matrix_is_not_in_checkpoints():
    assert not ERBBands(257, 65, 64, 16000).state_dict()


@pytest.mark.parametrize(("low_bins", "bands"), [(65, 193), (0, 64), (65, 1)])
def test_bands_that_do_not_fit(low_bins, bands):
    with pytest.raises(UserError, match=f"257 bins with low_bins {low_bins} cannot have {bands} "):
        ERBBands(257, low_bins, bands, 16000)
