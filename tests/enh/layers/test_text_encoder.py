"""Text encoder: padding, order, scale and size."""

import pytest
import torch

from espnet_kd.enh.layers.masks import sinusoids
from espnet_kd.enh.layers.text_encoder import TextEncoder


@pytest.fixture
def encoder():
    return TextEncoder(10, dim=8, num_blocks=2, num_heads=2, ffn_dim=16, dropout=0.0)


@pytest.mark.parametrize("training", [True, False])
def test_padding_does_not_change_valid_rows(encoder, training):
    encoder.train(training)
    text = torch.tensor([[1, 2, 3], [4, 5, 6]])
    lengths = torch.tensor([3, 2])
    padded = torch.cat([text, torch.full((2, 4), 9)], dim=1)
    padded[1, 2:] = 8
    short, long = encoder(text, lengths), encoder(padded, lengths)
    assert long.shape == (2, 7, 8)
    torch.testing.assert_close(long[0, :3], short[0])
    torch.testing.assert_close(long[1, :2], short[1, :2])


def test_order_and_neighbors_matter(encoder):
    lengths = torch.tensor([3])
    one = encoder(torch.tensor([[1, 2, 3]]), lengths)
    assert (one - encoder(torch.tensor([[1, 3, 2]]), lengths))[0, 0].abs().max() > 1e-3
    twice = encoder(torch.tensor([[1, 1, 1]]), lengths)
    assert (twice[0, 0] - twice[0, 1]).abs().max() > 1e-3


class PassThrough(torch.nn.Module):
    def forward(self, embedded, src_key_padding_mask):
        return embedded


def test_embeddings_are_scaled_before_positions_are_added(encoder):
    """Vaswani et al. 2017, section 3.4."""
    encoder.blocks = PassThrough()
    text = torch.tensor([[1, 2, 3]])
    expected = 8**0.5 * encoder.embedding.weight[1:4] + sinusoids(3, 8, torch.zeros(1))
    torch.testing.assert_close(encoder(text, torch.tensor([3]))[0], expected)


def test_paper_size():
    """Count the parameters: embedding, four blocks of width 256, and the final norm."""
    encoder = TextEncoder(30)
    block = 4 * 256 * 257 + (256 + 1) * 1024 + (1024 + 1) * 256 + 2 * 2 * 256
    assert sum(p.numel() for p in encoder.parameters()) == 30 * 256 + 4 * block + 2 * 256
