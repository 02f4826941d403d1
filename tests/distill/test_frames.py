"""Masks and means of valid frames, and resampling to another frame rate."""

import pytest
import torch

from espnet_kd.distill.frames import frame_mask, masked_mean, resample_frames


def test_mask_golden():
    valid = torch.tensor([1.0, 0.5, 0.51, 0.0])
    expected = [[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0]]
    assert torch.equal(frame_mask(valid, 4), torch.tensor(expected).float())


@pytest.mark.parametrize("frames", [3, 300, 3000, 160000])
def test_frame_count_is_exact_in_single_precision(frames):
    lengths = torch.arange(1, 17) * 1000
    for total in (16000, 15000, 17000):
        mask = frame_mask(lengths / total, frames)
        exact = [-(-int(length) * frames // total) for length in lengths]
        assert mask.sum(dim=1).tolist() == [min(count, frames) for count in exact]


def test_mean_ignores_padding():
    values = torch.tensor([[1.0, 3.0, torch.inf], [1.0, 2.0, 6.0]], requires_grad=True)
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    mean = masked_mean(values, mask)
    torch.testing.assert_close(mean, torch.tensor([2.0, 3.0]))
    mean.sum().backward()
    third = 1 / 3
    expected = torch.tensor([[0.5, 0.5, 0.0], [third, third, third]])
    torch.testing.assert_close(values.grad, expected)


def test_resampling_golden():
    """Twice the rate samples at 0.25 and 0.75 between the centers of frames; the ends are held."""
    feature = torch.tensor([0.0, 4.0]).view(1, 1, 1, 2)
    expected = torch.tensor([0.0, 1.0, 3.0, 4.0]).view(1, 1, 1, 4)
    torch.testing.assert_close(resample_frames(feature, 4), expected)
    torch.testing.assert_close(resample_frames(expected, 2), feature + torch.tensor([0.5, -0.5]))


def test_channels_and_bins_are_independent():
    feature = torch.randn(2, 3, 4, 5)
    found = resample_frames(feature, 8)
    assert found.shape == (2, 3, 4, 8)
    one = resample_frames(feature[1:, 2:, 3:], 8)
    torch.testing.assert_close(found[1:, 2:, 3:], one)
    assert resample_frames(feature, 5) is feature


def test_resampling_does_not_depend_on_the_batch():
    feature, valid = torch.randn(2, 3, 1, 10), torch.tensor([0.6, 1.0])
    feature[0, :, :, 6:] = 1e6
    found = resample_frames(feature, 25, valid)
    torch.testing.assert_close(found[:1, ..., :15], resample_frames(feature[:1, ..., :6], 15))
    torch.testing.assert_close(found[1:], resample_frames(feature[1:], 25))
