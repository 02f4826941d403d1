"""Utterances without a signal are left out of a batch and counted."""

from __future__ import annotations

import pytest
import torch

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.enh.batch import constant, make_batch
from espnet_kd.enh.silence import Silence
from espnet_kd.tasks.build import build_enhancer, default_arguments

from ..tiny_models import STUDENT

SIMU, REAL = CATEGORIES.index("SIMU"), CATEGORIES.index("REAL")
LENGTH = 800


@pytest.fixture
def student():
    args = default_arguments() | STUDENT
    from argparse import Namespace

    return build_enhancer(Namespace(**args)).train()


def speech(count: int) -> torch.Tensor:
    return 0.1 * torch.randn(count, LENGTH, generator=torch.Generator().manual_seed(0))


def test_constant_signals():
    signal = speech(5)
    signal[1], signal[2] = 0.0, 0.3
    signal[3, 100:] = 7.0  # padding
    signal[3, :100] = 0.0
    signal[4] = torch.nan
    lengths = torch.tensor([LENGTH, LENGTH, LENGTH, 100, LENGTH])
    assert constant(signal, lengths).tolist() == [False, True, True, True, False]


def test_the_rest_of_the_batch_is_as_if_it_were_alone(student):
    mixture, reference = speech(3), speech(3) + 0.01
    mixture[0] += 0.05 * torch.randn(LENGTH)
    reference[1] = 0.0
    category = torch.tensor([[SIMU], [REAL], [SIMU]])
    lengths = torch.tensor([LENGTH, LENGTH, 600])
    names = ["a", "b", "c"]
    loss, stats, size = student(
        mixture, lengths, speech_ref1=reference, utt2category=category, utt_id=names
    )
    kept = [0, 2]
    alone, expected, _ = student(
        mixture[kept], lengths[kept], speech_ref1=reference[kept], utt2category=category[kept]
    )
    torch.testing.assert_close(loss, alone)
    assert size.item() == 2 and stats.keys() == expected.keys()
    assert (student.silence.seen, student.silence.left_out) == (5, 1)
    assert str(student.silence) == (
        "left out 1 of 5 chunks, whose reference or mixture is silent, e.g. of b"
    )


@pytest.mark.parametrize("silent", ["mixture", "reference", "second"])
def test_a_silent_signal_of_any_kind_leaves_its_utterance_out(silent):
    signals = {"mixture": speech(2), "reference": speech(2), "second": speech(2)}
    signals[silent][0] = 0.25
    batch = make_batch(signals["mixture"], None, signals["reference"], signals["second"])
    assert batch.paired and batch.samples == (LENGTH, LENGTH) and batch.silent == (0,)
    assert torch.equal(batch.mixture, torch.stack([signals["mixture"][1], signals["second"][1]]))


def test_the_rest_decides_whether_there_are_references():
    mixture, reference = speech(2), speech(2)
    mixture[0], reference[1] = 0.0, torch.nan
    assert make_batch(mixture, None, reference).reference is None


def test_a_batch_of_silence_has_no_gradient_and_no_weight(student):
    loss, stats, size = student(speech(2), speech_ref1=torch.zeros(2, LENGTH))
    loss.backward()
    gradients = [weight.grad for weight in student.parameters()]
    assert all(gradient is not None and not gradient.any() for gradient in gradients)
    assert size.item() == 0 and stats["loss"].isnan()


def test_few_names_are_kept_and_each_epoch_counts_anew():
    silence = Silence()
    silence.count(4, 2, ["a", "a"])
    silence.count(4, 4, ["b", "c", "d", "a"])
    assert (silence.seen, silence.left_out, silence.names) == (8, 6, ["a", "b", "c"])
    silence.reset()
    assert (silence.seen, silence.left_out, silence.names) == (0, 0, [])
