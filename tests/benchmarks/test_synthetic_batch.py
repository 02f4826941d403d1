"""Batches of noise have the form that the model takes."""

from __future__ import annotations

import torch

from benchmarks.synthetic_batch import synthetic_batch
from espnet_kd.enh.batch import make_batch

TOKENS = 9


def test_simu():
    values = synthetic_batch(3, 1.0, "SIMU", TOKENS, paired=False)
    batch = make_batch(**values)
    assert batch.lengths.tolist() == [16000, 14400, 12800]
    assert batch.mixture.shape == batch.reference.shape == (3, 16000)
    assert batch.mixture[2, 12800:].count_nonzero() == 0
    assert batch.single_category == "SIMU"
    assert not batch.paired
    assert 0 < (batch.mixture - batch.reference).std() < 0.2
    assert batch.text.shape == batch.align.shape == (3, 14)
    for text, align, count in zip(batch.text, batch.align, batch.text_lengths, strict=True):
        assert int(text[:count].min()) >= 2 and int(text.max()) < TOKENS - 1
        assert bool((align[:count].diff() > 0).all()) and align[0] > 0 and align.max() < 1000


def test_real_has_no_reference():
    batch = make_batch(**synthetic_batch(2, 0.5, "REAL", TOKENS, paired=False))
    assert batch.reference is None
    assert batch.single_category == "REAL"


def test_pairs_are_one_utterance_under_two_noises():
    batch = make_batch(**synthetic_batch(2, 0.5, "SIMU", TOKENS, paired=True))
    assert batch.paired
    assert batch.mixture.shape == (4, 8000)
    assert torch.equal(batch.reference[:2], batch.reference[2:])
    assert not torch.equal(batch.mixture[:2], batch.mixture[2:])
