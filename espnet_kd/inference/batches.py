"""Distribute utterances over jobs and group them into batches."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.inference.utterances import Utterance

MAX_BATCH_SAMPLES = 20 * SAMPLE_RATE
# An utterance joins a batch only if at most this fraction of its row is padding.
MAX_PADDING = 0.1


@dataclass(frozen=True)
class Batch:
    """Utterances that a model processes together.

    Attributes:
        utterances: the utterances, longest first.
        num_samples: length that they are padded to.
    """

    utterances: tuple[Utterance, ...]
    num_samples: int


def share(utterances: Iterable[Utterance], job: int, jobs: int) -> list[Utterance]:
    """Return the utterances of one job, such that all jobs have about the same amount of audio.

    The result is deterministic. Utterances are assigned longest first, each to the job with the
    least audio so far (Graham 1969, "Bounds on multiprocessing timing anomalies").

    Args:
        utterances: utterances of all jobs.
        job: number of the job, from 0.
        jobs: number of jobs.
    """
    loads = [(0, number) for number in range(jobs)]
    shares: list[list[Utterance]] = [[] for _ in range(jobs)]
    for utt in _longest_first(utterances):
        load, number = loads[0]
        shares[number].append(utt)
        heapq.heapreplace(loads, (load + utt.num_samples, number))
    return shares[job]


def padded_length(num_samples: int) -> int:
    """Round a length up on a grid of 16 steps per octave, so that batches have few shapes.

    A step is 3 to 6 % of the length. Few shapes mean few compilations and few searches for the
    fastest kernel.
    """
    step = 1 << max(0, num_samples.bit_length() - 5)
    return -(-num_samples // step) * step


def padded_batches(
    utterances: Iterable[Utterance], max_samples: int = MAX_BATCH_SAMPLES
) -> list[Batch]:
    """Group utterances of similar length, longest first.

    Args:
        utterances: utterances to group.
        max_samples: maximum number of samples in a batch including padding; only a single
            utterance may exceed it.
    """
    batches = []
    members: list[Utterance] = []
    length = size = 0
    for utt in _longest_first(utterances):
        if len(members) == size or utt.num_samples < (1 - MAX_PADDING) * length:
            if members:
                batches.append(Batch(tuple(members), length))
            members, length = [], padded_length(utt.num_samples)
            size = max(1, max_samples // length)
        members.append(utt)
    if members:
        batches.append(Batch(tuple(members), length))
    return batches


def equal_length_batches(
    utterances: Iterable[Utterance], max_samples: int = MAX_BATCH_SAMPLES
) -> list[Batch]:
    """Group utterances of equal length, longest first, for models whose output depends on padding.

    The channels of a recording have the same length, so batches of several utterances do occur.

    Args:
        utterances: utterances to group.
        max_samples: maximum number of samples in a batch; only a single utterance may exceed it.
    """
    batches = []
    for num_samples, group in groupby(_longest_first(utterances), key=lambda utt: utt.num_samples):
        members = tuple(group)
        size = max(1, max_samples // num_samples)
        starts = range(0, len(members), size)
        batches += [Batch(members[start : start + size], num_samples) for start in starts]
    return batches


def _longest_first(utterances: Iterable[Utterance]) -> list[Utterance]:
    return sorted(utterances, key=lambda utt: (-utt.num_samples, utt.name, utt.wave))
