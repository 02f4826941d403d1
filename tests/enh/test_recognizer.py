"""The recognizer for losses, with tiny ESPnet recognizers: latents, padding, gradients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from espnet_kd.distill.acoustic_token import AcousticTokenLoss
from espnet_kd.distill.centroids import Centroids, write_centroids
from espnet_kd.distill.hypothesis import HypothesisLoss
from espnet_kd.distill.posterior import PosteriorLoss
from espnet_kd.enh.recognizer import Recognizer
from espnet_kd.tasks.trained import load_asr_model

from ..distill.signals import noise, seen
from ..tiny_models import write_recognizer

LENGTHS = torch.tensor([4000, 2000])
BLOCKS = 2
SIZES = {"output_size": 16, "attention_heads": 2, "linear_units": 16, "num_blocks": BLOCKS}


@pytest.fixture(scope="module")
def make_recognizer(tmp_path_factory) -> Callable[..., Recognizer]:
    """Return a function that builds a recognizer with two blocks."""

    def make(**changes) -> Recognizer:
        changes = {"encoder_conf": SIZES, **changes}
        return Recognizer(
            load_asr_model(*write_recognizer(tmp_path_factory.mktemp("asr"), **changes))[0]
        )

    return make


@pytest.fixture(scope="module")
def recognizer(make_recognizer) -> Recognizer:
    """Return a recognizer with a transformer encoder."""
    return make_recognizer()


def write_statistics(path: Path) -> dict:
    """Write statistics of 100 frames for global normalization and return its options."""
    total = np.linspace(-900, -500, 80)
    np.savez(path, count=100, sum=total, sum_square=total**2 / 100 + 200)
    return {"normalize": "global_mvn", "normalize_conf": {"stats_file": str(path)}}


def test_outputs_equal_those_of_the_model(recognizer):
    waves, lengths = noise(2, 4000), torch.tensor([4000, 4000])
    latents, frames = recognizer.encode(waves, lengths)
    expected, expected_frames = recognizer.model.encode(waves, lengths)
    torch.testing.assert_close(latents, expected)
    torch.testing.assert_close(frames, expected_frames)
    log_probs = recognizer.ctc_log_probs(latents)
    torch.testing.assert_close(log_probs, recognizer.model.ctc.log_softmax(expected))
    torch.testing.assert_close(log_probs.exp().sum(dim=2), torch.ones(log_probs.shape[:2]))


@pytest.mark.parametrize("encoder", ["transformer", "conformer"])
def test_blocks_are_numbered_from_0(make_recognizer, encoder):
    recognizer = make_recognizer(encoder=encoder)
    waves = noise(2, 4000)
    latents, frames = recognizer.encode(waves, LENGTHS)
    first, last = (recognizer.encode(waves, LENGTHS, layer)[0] for layer in range(BLOCKS))
    torch.testing.assert_close(recognizer.model.encoder.after_norm(last), latents)
    assert first.shape == last.shape == (2, int(frames[0]), 16)
    assert not torch.allclose(recognizer.model.encoder.after_norm(first), latents, atol=0.01)
    assert not any(module._forward_hooks for module in recognizer.modules())


@pytest.mark.parametrize("layer", [BLOCKS, -2])
def test_missing_block(recognizer, layer):
    with pytest.raises(ValueError, match=f"layer is {layer}, but the encoder has 2 numbered"):
        recognizer.encode(noise(1, 4000), LENGTHS[:1], layer)


def test_recognizer_without_ctc(make_recognizer):
    recognizer = make_recognizer(model_conf={"ctc_weight": 0.0})
    probe = seen(noise(1, 4000))
    with pytest.raises(ValueError, match="has no CTC; train it with ctc_weight above 0"):
        PosteriorLoss(recognizer).prepare(probe, probe)


def test_padding_is_ignored(recognizer):
    waves = noise(2, 4000)
    expected, frames = recognizer.encode(waves, LENGTHS)
    assert frames[1] < frames[0] == expected.size(1)
    for garbage in (100.0, torch.nan):
        waves[1, 2000:] = garbage
        torch.testing.assert_close(recognizer.encode(waves, LENGTHS)[0], expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_uses_the_precision_of_its_weights(recognizer, dtype):
    waves = noise(2, 4000).to(dtype)
    expected = recognizer.encode(waves.float(), LENGTHS)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        latents = recognizer.encode(waves, LENGTHS)[0]
    assert latents.dtype == torch.float32
    torch.testing.assert_close(latents, expected)


@pytest.mark.parametrize("encoder", ["transformer", "conformer"])
@pytest.mark.parametrize("norm", ["utterance_mvn", "global_mvn"])
@pytest.mark.parametrize("method", ["posterior", "ctc_hypothesis", "acoustic_token"])
def test_gradient_at_the_waveform(make_recognizer, tmp_path, encoder, norm, method):
    changes = write_statistics(tmp_path / "stats.npz") if norm == "global_mvn" else {}
    recognizer = make_recognizer(encoder=encoder, **changes)
    if method == "posterior":
        loss = PosteriorLoss(recognizer)
    elif method == "ctc_hypothesis":
        loss = HypothesisLoss(recognizer)
    else:
        with torch.no_grad():
            latents = recognizer.encode(noise(1, 4000, seed=5), LENGTHS[:1], 0)[0]
        write_centroids(tmp_path / "tokens.npz", Centroids(latents[0, :4].numpy(), 0, ""))
        loss = AcousticTokenLoss(recognizer, tmp_path / "tokens.npz", temperature=1.0)
    student, target = noise(2, 4000).requires_grad_(), noise(2, 4000, seed=1)

    def function(signal: torch.Tensor) -> torch.Tensor:
        return loss(seen(signal), seen(target), None, LENGTHS).double().sum()

    function(student).backward()
    # Step along the gradient: a change of a single sample is below the resolution of float32.
    step = 2e-4 * student.detach().norm() / student.grad.norm() * student.grad
    with torch.no_grad():
        measured = (function(student + step) - function(student - step)).item()
    assert measured == pytest.approx(2 * (step * student.grad).sum().item(), rel=0.02)
    assert not student.grad[1, 2000:].any()
    assert all(weight.grad is None for weight in recognizer.parameters())
