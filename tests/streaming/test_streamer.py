"""Streams: equal to the whole however they are cut, as fast and small after an hour, one line."""

from __future__ import annotations

import random
import time

import pytest
import torch

from benchmarks.memory import growth_megabytes
from espnet_kd.errors import UserError
from espnet_kd.streaming import streamer as streamer_module
from espnet_kd.streaming.streamer import Streamer

from ..causal_models import CAUSAL_TCN, GTCRN, MODELS, TCN, front


def in_chunks(streamer: Streamer, wave: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """Enhance (B, L) in chunks of the given sizes, then the rest."""
    state, outputs = streamer.initial_state(len(wave)), []
    for chunk in wave.split([*sizes, wave.size(1) - sum(sizes)], dim=1):
        output, state = streamer.step(chunk, state)
        assert output.size(1) % streamer.hop == 0
        outputs.append(output)
    return torch.cat([*outputs, streamer.flush(state)], dim=1)


def random_sizes(length: int, seed: int) -> list[int]:
    """Cut a length at random; many chunks are of 0 or 1 sample."""
    rng, sizes = random.Random(seed), []
    while sum(sizes) < length:
        sizes.append(min(rng.choice([0, 1, 1, 7, rng.randrange(300)]), length - sum(sizes)))
    return sizes


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(6))
def test_any_chunks_equal_the_whole(build, name, seed):
    model = build(name)
    length = random.Random(seed).randrange(400, 1500)
    wave = torch.randn(2, length)
    with torch.no_grad():
        whole, _ = model.enhance(wave, torch.tensor([length, length]))
    found = in_chunks(Streamer(model), wave, random_sizes(length, seed))
    assert found.shape == wave.shape
    assert whole.abs().max() > 1e-2
    torch.testing.assert_close(found, whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_one_sample_at_a_time_and_all_at_once(build, name, monkeypatch):
    monkeypatch.setattr(streamer_module, "MOST_HOPS", 3)
    model, wave = build(name), torch.randn(1, 200)
    with torch.no_grad():
        whole, _ = model.enhance(wave, torch.tensor([200]))
    for sizes in ([1] * 200, [200]):
        torch.testing.assert_close(
            in_chunks(Streamer(model), wave, sizes), whole, rtol=0, atol=1e-5
        )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("length", [0, 1, 17])
def test_the_output_of_a_short_signal_has_its_length(build, name, length):
    """Without a whole frame, Conv-TasNet's output is silent."""
    streamer, wave = Streamer(build(name)), torch.randn(1, length)
    found = in_chunks(streamer, wave, [])
    assert found.shape == wave.shape
    if length == 17:
        with torch.no_grad():
            whole, _ = streamer.hop_model.model.enhance(wave, torch.tensor([17]))
        torch.testing.assert_close(found, whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_latency(build, name):
    """Output sample n is final with n + latency samples, and, at a hop's begin, not with fewer."""
    streamer = Streamer(build(name))
    wave = torch.randn(1, 20 * streamer.latency)
    position = 6 * streamer.hop
    state, received = streamer.initial_state(), 0
    returned = 0
    while returned <= position:
        output, state = streamer.step(wave[:, received : received + 1], state)
        received, returned = received + 1, returned + output.size(1)
    assert received == position + streamer.latency
    # The model itself needs them: the sample changes with the last of them.
    other = wave.clone()
    other[:, received - 1] += 10
    found, changed = (in_chunks(streamer, x, []) for x in (wave, other))
    assert torch.equal(found[:, :position], changed[:, :position])
    assert not torch.equal(
        found[:, position : position + streamer.hop], changed[:, position : position + streamer.hop]
    )


@pytest.mark.parametrize("name", MODELS)
def test_step_changes_no_state(build, name):
    """So one streamer serves several signals, and a caller may go back."""
    streamer, wave = Streamer(build(name)), torch.randn(1, 300)
    _, state = streamer.step(wave, streamer.initial_state())
    before = [cache.clone() for cache in state.caches]
    first, _ = streamer.step(wave, state)
    streamer.step(torch.randn(1, 200), state)
    assert all(map(torch.equal, before, state.caches))
    assert torch.equal(streamer.step(wave, state)[0], first)


@pytest.mark.parametrize("name", MODELS)
def test_the_state_has_fixed_shapes(build, name):
    streamer, shapes = Streamer(build(name)), set()
    state = streamer.initial_state()
    for size in (300, 0, 1, 900, 64):
        _, state = streamer.step(torch.randn(1, size), state)
        shapes.add(tuple(cache.shape for cache in state.caches))
        assert state.pending.size(1) < streamer.hop
    assert len(shapes) == 1


@pytest.mark.parametrize(("name", "size"), [("gtcrn", 1600), ("tcn", 4000)])
def test_a_long_stream_takes_no_more_memory_and_time_at_its_end(build, name, size):
    """360 chunks: 18,000 hops of GTCRN, 180,000 of Conv-TasNet."""
    streamer, chunk = Streamer(build(name)), torch.randn(1, size)
    _, early = streamer.step(chunk, streamer.initial_state())
    state = early

    def step() -> None:
        nonlocal state
        _, state = streamer.step(chunk, state)

    growth = growth_megabytes(step, first=60, last=360)
    assert growth is None or growth < 1.0  # 300 chunks have 1.9 MB or more

    # In turn, and the least of each, so that the machine's other work weighs on neither.
    seconds: dict[str, list[float]] = {"early": [], "late": []}
    for _ in range(20):
        for when, start_state in (("early", early), ("late", state)):
            start = time.process_time()
            streamer.step(chunk, start_state)
            seconds[when].append(time.process_time() - start)
    assert min(seconds["late"]) < 1.5 * min(seconds["early"])


def test_the_receptive_field_does_not_change_the_cost_of_a_frame(build):
    """As many blocks with dilations up to 128 and up to 2 take as many products for a hop."""
    from espnet_kd.scoring.complexity import count_macs

    costs = []
    for layer, stack in ((8, 1), (2, 4)):
        conf = {**CAUSAL_TCN, "layer": layer, "stack": stack}
        streamer = Streamer(build("tcn", separator_conf=conf))
        _, state = streamer.step(torch.randn(1, 64), streamer.initial_state())
        hop = torch.randn(1, streamer.hop)
        costs.append(count_macs(lambda s=streamer, h=hop, now=state: s.step(h, now)))
    assert costs[0] == costs[1] > 0


@pytest.mark.brings(
    "audio", "NaN or infinity in a stream", "refused before it spoils all that comes later"
)
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_samples_that_are_not_finite(build, value):
    streamer = Streamer(build("gtcrn"))
    samples = torch.zeros(1, 100)
    samples[0, 50] = value
    with pytest.raises(UserError, match="samples: have NaN or infinity; replace them"):
        streamer.step(samples, streamer.initial_state())


@pytest.mark.parametrize(
    "samples", [torch.zeros(100), torch.zeros(2, 100), torch.zeros(1, 100, dtype=torch.int16)]
)
def test_samples_of_another_shape_or_type(build, samples):
    streamer = Streamer(build("gtcrn"))
    with pytest.raises(UserError, match=r"samples: are .*; give floating point, \(1, any number\)"):
        streamer.step(samples, streamer.initial_state())


CONV = front("conv", channel=12, kernel_size=16, stride=8)
STFT = front("stft", n_fft=64, hop_length=32)
TEXT = {"dim": 8, "num_blocks": 1, "num_heads": 2, "ffn_dim": 8}
REFUSED = {
    "causal: false": ({**CONV, "separator": "tcn", "separator_conf": TCN}, "`causal: false`"),
    "global norms": (
        {**CONV, "separator": "tcn", "separator_conf": {**TCN, "causal": True}},
        "its norms are over all frames; train it with `norm_type: cLN`",
    ),
    "reads text": (
        {
            **CONV,
            "separator": "text_informed_tcn",
            "separator_conf": {**TCN, "text_conf": TEXT, "fusion_conf": {"num_heads": 2}},
            "token_list": list("ABCDE"),
        },
        "it reads the transcript",
    ),
    "another separator": (
        {**STFT, "separator": "dccrn", "separator_conf": {"kernel_num": [8, 8, 8], "rnn_units": 8}},
        "DCCRNSeparator cannot stream: it has no streaming form",
    ),
    "ESPnet's STFT": (
        {**STFT, "separator": "gtcrn", "separator_conf": GTCRN},
        "STFTEncoder and STFTDecoder do not stream; train a model with `causal_stft` or `conv`",
    ),
    "unequal frames": (
        {
            **CONV,
            "decoder_conf": {"channel": 12, "kernel_size": 16, "stride": 4},
            "separator": "tcn",
            "separator_conf": CAUSAL_TCN,
        },
        r"kernel_size, stride is \[16, 8\] in the encoder and \[16, 4\] in the decoder",
    ),
    "gaps": (
        {
            **front("conv", channel=12, kernel_size=4, stride=8),
            "separator": "tcn",
            "separator_conf": CAUSAL_TCN,
        },
        "stride 8 leaves gaps between kernels of 4",
    ),
}


@pytest.mark.brings(
    "audio", "a model for streaming that needs later samples", "one line says which part does"
)
@pytest.mark.parametrize("name", REFUSED)
def test_models_that_cannot_stream(build, name):
    settings, problem = REFUSED[name]
    with pytest.raises(UserError, match=f"^config.yaml: .*{problem}"):
        Streamer(build(settings), "config.yaml")
