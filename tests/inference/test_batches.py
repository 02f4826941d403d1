"""Distributing utterances over jobs and grouping them into batches."""

from __future__ import annotations

import random

import numpy as np
import pytest

from espnet_kd.inference.batches import (
    equal_length_batches,
    padded_batches,
    padded_length,
    share,
)
from espnet_kd.inference.utterances import Utterance


def some(lengths) -> list[Utterance]:
    return [Utterance(f"u{i}", "", int(length)) for i, length in enumerate(lengths)]


@pytest.fixture
def corpus() -> list[Utterance]:
    """400 utterances with durations like CHiME-4's: mean 6.4 s, nearly all within 2 to 14 s."""
    seconds = np.random.default_rng(0).gamma(9.0, 6.4 / 9.0, 400)
    return some(16000 * seconds)


def names(batches) -> list[list[str]]:
    return [[utt.name for utt in batch.utterances] for batch in batches]


def test_equal_lengths_within_the_budget():
    batches = equal_length_batches(some([10, 20, 10, 10, 300, 20]), 25)
    assert names(batches) == [["u4"], ["u1"], ["u5"], ["u0", "u2"], ["u3"]]
    assert [batch.num_samples for batch in batches] == [300, 20, 20, 10, 10]


def test_similar_lengths_within_the_budget():
    # 1000 is rounded up to 1024 (steps of 32); 899 in a row of 1024 has over 10 % padding.
    batches = padded_batches(some([899, 1000, 925, 990, 940]), 3 * 1024)
    assert names(batches) == [["u1", "u3", "u4"], ["u2", "u0"]]
    assert [batch.num_samples for batch in batches] == [1024, 928]
    assert names(padded_batches(some([922, 921, 1000]), 9999)) == [["u2", "u0"], ["u1"]]
    assert names(padded_batches(some([30, 5000]), 10)) == [["u1"], ["u0"]]
    assert padded_batches([]) == []


def test_padded_lengths_have_16_steps_per_octave():
    lengths = np.unique(np.geomspace(16, 1 << 20, 3000).astype(int))
    padded = [padded_length(int(length)) for length in lengths]
    assert padded == sorted(padded)
    assert all(n <= p < n * (1 + 1 / 16) for n, p in zip(lengths, padded, strict=True))
    assert len(set(padded)) == 16 * 16 + 1
    assert [padded_length(n) for n in (1, 31, 32, 33, 95841)] == [1, 31, 32, 34, 98304]


def test_little_padding_and_few_shapes(corpus):
    budget = 20 * 16000
    batches = padded_batches(corpus, budget)
    assert sorted(name for batch in names(batches) for name in batch) == sorted(
        utt.name for utt in corpus
    )
    assert all(len(batch.utterances) * batch.num_samples <= budget for batch in batches)
    audio = sum(utt.num_samples for utt in corpus)
    padded = sum(len(batch.utterances) * batch.num_samples for batch in batches)
    assert 1 < padded / audio < 1.05
    assert len({batch.num_samples for batch in batches}) < 50
    assert len(batches) < 1.1 * audio / budget + 50  # about as many as the budget requires


def test_shares_are_disjoint_complete_and_balanced(corpus):
    shares = [share(corpus, job, 7) for job in range(7)]
    assert sorted(utt.name for part in shares for utt in part) == sorted(u.name for u in corpus)
    loads = [sum(utt.num_samples for utt in part) for part in shares]
    assert max(loads) - min(loads) < min(utt.num_samples for utt in corpus)
    shuffled = random.Random(0).sample(corpus, len(corpus))
    assert [share(shuffled, job, 7) for job in range(7)] == shares


def test_more_jobs_than_utterances():
    assert [len(share(some([5, 9]), job, 4)) for job in range(4)] == [1, 1, 0, 0]
