"""How utterances are dealt to jobs and grouped into batches."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.inference.utterances import Utterance

MAX_BATCH_SAMPLES = 20 * SAMPLE_RATE
# An utterance joins a batch if at most this share of its row is padding.
MAX_PADDING = 0.1


@dataclass(frozen=True)
class Batch:
    """Utterances that a model works on at once.

    Attributes:
        utterances: longest first.
        num_samples: length that they are padded to.
    """

    utterances: tuple[Utterance, ...]
    num_samples: int


def share(utterances: Iterable[Utterance], job: int, jobs: int) -> list[Utterance]:
    """Utterances of one of several jobs: the same whenever it is asked, about as long for each.

    The longest goes first to the job that has least (Graham 1969, "Bounds on multiprocessing
    timing anomalies").

    Args:
        utterances: of all jobs.
        job: from 0.
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
    """Round a length up on a grid of 16 steps an octave, so that models meet few shapes.

    A step is 3 to 6 % of the length. Few shapes are few compilations and few searches for the
    quickest kernel.
    """
    step = 1 << max(0, num_samples.bit_length() - 5)
    return -(-num_samples // step) * step


def padded_batches(
    utterances: Iterable[Utterance], max_samples: int = MAX_BATCH_SAMPLES
) -> list[Batch]:
    """Group utterances of similar length, longest first.

    Args:
        utterances: what to group.
        max_samples: samples of a batch at most, padding included, unless a single utterance is
            longer.
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
    """Group utterances of exactly equal length, longest first, for models that see padding.

    Channels of one recording are equally long, so batches do form.

    Args:
        utterances: what to group.
        max_samples: samples of a batch at most, unless a single utterance is longer.
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
