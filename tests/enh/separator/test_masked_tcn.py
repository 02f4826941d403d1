"""Our Conv-TasNet separator compared with ESPnet's: same weights, same output."""

from __future__ import annotations

import pytest
import torch
from espnet2.enh.separator.tcn_separator import TCNSeparator

from espnet_kd.enh.separator.masked_tcn import MaskedTCNSeparator

CONF = {"num_spk": 1, "layer": 3, "stack": 2, "bottleneck_dim": 8, "hidden_dim": 12}
WIDTH, FRAMES, SHORT = 16, 41, 29
VARIANTS = [
    {},
    {"causal": True},
    {"kernel": 5},
    {"norm_type": "cLN"},
    {"norm_type": "BN"},
    {"norm_type": "GN"},
    {"nonlinear": "sigmoid", "pre_mask_nonlinear": "linear"},
    {"num_spk": 2, "predict_noise": True},
    {"nonlinear": "linear", "masking": False},
]


def pair(**conf) -> tuple[TCNSeparator, MaskedTCNSeparator]:
    """Return ESPnet's separator with weights as after training, and ours with the same weights."""
    torch.manual_seed(1)
    stock = TCNSeparator(WIDTH, **{**CONF, **conf})
    with torch.no_grad():
        for weight in stock.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    ours = MaskedTCNSeparator(WIDTH, **{**CONF, **conf})
    ours.load_state_dict(stock.state_dict())
    return stock.eval(), ours.eval()


def code(batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, FRAMES, WIDTH).relu()


@pytest.mark.parametrize("conf", VARIANTS)
def test_equals_espnets_without_padding(conf):
    stock, ours = pair(**conf)
    features, lengths = code(), torch.full((2,), FRAMES)
    expected, _, expected_others = stock(features, lengths)
    found, found_lengths, others = ours(features, lengths)
    assert found_lengths is lengths
    assert others.keys() == expected_others.keys()
    torch.testing.assert_close(found, list(expected), rtol=1e-4, atol=1e-5)
    for name, value in others.items():
        torch.testing.assert_close(value, expected_others[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("conf", VARIANTS)
def test_gradients_equal_espnets(conf):
    stock, ours = pair(**conf)
    features, lengths, target = code(), torch.full((2,), FRAMES), torch.randn(2, FRAMES, WIDTH)
    for model in (stock, ours):
        ((model(features, lengths)[0][0] - target) ** 2).mean().backward()
    gradients = dict(ours.named_parameters())
    for name, weight in stock.named_parameters():
        if weight.grad is not None:  # the mask of the second speaker has no gradient
            torch.testing.assert_close(gradients[name].grad, weight.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("conf", VARIANTS)
def test_output_is_independent_of_padding_and_batch(conf):
    _, ours = pair(**conf)
    features, lengths = code(3), torch.tensor([FRAMES, SHORT, 7])
    features[1, SHORT:], features[2, 7:] = 5.0, torch.nan
    together = ours(features, lengths)[0]
    for speaker, signal in enumerate(together):
        for i, size in enumerate(lengths):
            alone = ours(features[i : i + 1, :size], size[None])[0]
            torch.testing.assert_close(signal[i, :size], alone[speaker][0], rtol=0, atol=1e-5)
            assert (signal[i, size:] == 0).all()


@pytest.mark.parametrize("conf", VARIANTS[:3])
def test_an_utterance_without_frames_keeps_gradients_finite(conf):
    _, ours = pair(**conf)
    signal = ours(code(), torch.tensor([FRAMES, 0]))[0][0]
    assert (signal[1] == 0).all()
    signal.square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in ours.parameters())


def test_espnets_depends_on_padding():
    """Otherwise, MaskedTCNSeparator would be unnecessary."""
    stock, _ = pair()
    features, lengths = code(), torch.tensor([FRAMES, SHORT])
    together = stock(features, lengths)[0][0][1, :SHORT]
    assert (together - stock(features[1:, :SHORT], lengths[1:])[0][0][0]).abs().max() > 1e-2


def test_without_lengths_all_frames_are_valid():
    _, ours = pair()
    features = code()
    assert torch.equal(ours(features, None)[0][0], ours(features, torch.full((2,), FRAMES))[0][0])


def test_batch_normalization_in_training_equals_espnets():
    stock, ours = (model.train() for model in pair(norm_type="BN"))
    features, lengths = code(), torch.full((2,), FRAMES)
    torch.testing.assert_close(
        ours(features, lengths)[0][0], stock(features, lengths)[0][0], rtol=1e-4, atol=1e-5
    )


def test_streaming_equals_espnets():
    stock, ours = pair(causal=True)
    frame = code()[:1, :1]
    expected = stock.forward_streaming(frame)[0][0]
    torch.testing.assert_close(ours.forward_streaming(frame)[0][0], expected, rtol=1e-4, atol=1e-5)


def test_same_seed_same_initial_weights():
    states = []
    for kind in (TCNSeparator, MaskedTCNSeparator):
        torch.manual_seed(3)
        states.append((kind(WIDTH, **CONF).state_dict(), torch.rand(1)))
    (stock, after_stock), (ours, after_ours) = states
    assert list(stock) == list(ours)
    assert all(torch.equal(stock[name], ours[name]) for name in stock)
    assert torch.equal(after_stock, after_ours)


def test_complex_codes():
    stock, ours = pair()
    features = torch.randn(2, FRAMES, WIDTH, dtype=torch.complex64)
    lengths = torch.full((2,), FRAMES)
    torch.testing.assert_close(
        ours(features, lengths)[0][0], stock(features, lengths)[0][0], rtol=1e-4, atol=1e-5
    )
