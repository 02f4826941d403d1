from __future__ import annotations

import pytest
import torch
from espnet2.enh.separator.tcn_separator import TCNSeparator

from espnet_kd.enh.fast import products
from espnet_kd.enh.separator.masked_tcn import MaskedTCNSeparator
from espnet_kd.scoring.complexity import Speed, count_macs, count_parameters, real_time_factors

CHANNELS, FILTERS, KERNEL, STRIDE, GROUPS, LENGTH = 8, 16, 5, 2, 4, 101


def test_convolution_matches_count_by_hand():
    model = torch.nn.Conv1d(CHANNELS, FILTERS, KERNEL, STRIDE, groups=GROUPS)
    wave = torch.zeros(1, CHANNELS, LENGTH)
    frames = (LENGTH - KERNEL) // STRIDE + 1
    assert count_parameters(model) == FILTERS * CHANNELS // GROUPS * KERNEL + FILTERS
    assert count_macs(lambda: model(wave)) == frames * FILTERS * CHANNELS // GROUPS * KERNEL


@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_matches_count_by_hand(need_weights):
    width, frames = 16, 10
    model = torch.nn.MultiheadAttention(width, 4, batch_first=True).eval()
    # With identical query, key and value, torch would use its fused path.
    x = torch.zeros(1, frames, width)
    with torch.inference_mode():
        macs = count_macs(lambda: model(x, x, x, need_weights=need_weights))
    assert macs == 4 * frames * width**2 + 2 * frames**2 * width


@pytest.mark.parametrize("both_ways", [False, True])
def test_gru_matches_count_by_hand(both_ways):
    inputs, units, frames = 6, 4, 10
    model = torch.nn.GRU(inputs, units, batch_first=True, bidirectional=both_ways)
    x = torch.zeros(2, frames, inputs)
    with torch.inference_mode():
        macs = count_macs(lambda: model(x))
    assert macs == 2 * frames * 3 * units * (inputs + units) * (1 + both_ways)


def test_conv_tasnet_has_the_products_of_espnets_separator():
    conf = {"num_spk": 1, "layer": 2, "stack": 2, "bottleneck_dim": 8, "hidden_dim": 12}
    frames = 48
    code, lengths = torch.randn(2, frames, 6), torch.tensor([frames, frames])
    stock, ours = TCNSeparator(6, **conf), MaskedTCNSeparator(6, **conf)
    depthwise = 4 * 12 * 3 * 2 * frames  # blocks, channels, kernel, batch: elementwise in ours
    expected = count_macs(lambda: stock(code, lengths)) - depthwise
    assert count_macs(lambda: ours(code, lengths)) == expected > 0


def test_products_match_count_by_hand():
    weight, x, y = torch.ones(3, 5), torch.ones(5, 2, 7), torch.ones(3, 2, 7)
    for count in (
        count_macs(lambda: products.plain_product(weight, x)),
        count_macs(lambda: products.sum_with_product(y, weight, x)),
        count_macs(lambda: products.correlation(x, y)),
        count_macs(lambda: products.correlations(x, y)),
    ):
        assert count == 3 * 5 * 2 * 7


def test_counting_restores_the_torch_setting():
    before = torch.backends.mha.get_fastpath_enabled()
    count_macs(lambda: None)
    assert torch.backends.mha.get_fastpath_enabled() == before


def test_real_time_factors_are_times_over_audio_lengths(monkeypatch):
    clock, ran = [0.0], []
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    def run(name: str, seconds: float):
        ran.append(name)
        clock[0] += seconds

    runs = [
        (lambda: run("a", 2.0), 4.0),
        (lambda: run("b", 3.0), 2.0),
        (lambda: run("c", 1.0), 4.0),
    ]
    assert real_time_factors(runs, budget=9.0) == [0.5, 1.5, 0.25]
    assert ran == ["a", "a", "b", "c"], "the first run is not timed"
    assert real_time_factors(runs, budget=1.0) == [0.5, 1.5], "the third would be over the budget"


def test_mean_and_spread():
    speed = Speed((0.1, 0.2, 0.3))
    assert speed.mean == pytest.approx(0.2) and speed.deviation == pytest.approx(0.1)
    assert Speed((0.1,)).deviation == 0.0
