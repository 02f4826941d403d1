"""Real-time factors of trained models, measured in several fresh processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import torch

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.workers import die_with_parent
from espnet_kd.scoring.complexity import Speed, real_time_factors

PROCESSES = 3  # one after the other: where memory lies, and so the speed, differs between them
UTTERANCES = 5
BUDGET = 2.0  # seconds for a model in a process


class TrainedModel(NamedTuple):
    """Name, `config.yaml` and checkpoint of a speech-enhancement model."""

    name: str
    config: str
    checkpoint: str


def speeds(models: Sequence[TrainedModel], set_dir: str, processes: int = PROCESSES) -> list[Speed]:
    """Measure models on the CPU, with one thread.

    Args:
        models: models to measure.
        set_dir: set directory with the inputs of the models.
        processes: number of processes.
    """
    found: list[list[float]] = [[] for _ in models]
    for _ in range(processes if models else 0):
        for factors, new in zip(found, _apart(measure, models, set_dir), strict=True):
            factors += new
    return [Speed(tuple(factors)) for factors in found]


def measure(models: Sequence[TrainedModel], set_dir: str) -> list[list[float]]:
    """Return real-time factors of each model on utterances from all of a set, in this process."""
    from espnet_kd.inference.loading import conditions, load_enhancer
    from espnet_kd.inference.utterances import read_utterances

    torch.set_num_threads(1)
    found = []
    for model in models:
        enhancer = load_enhancer(model.config, model.checkpoint)
        utterances = read_utterances(set_dir, *conditions(enhancer.model))
        chosen = utterances[:: max(1, len(utterances) // UTTERANCES)][:UTTERANCES]
        runs = [(lambda e=enhancer, u=u: e([u]), u.num_samples / SAMPLE_RATE) for u in chosen]
        found.append(real_time_factors(runs, BUDGET))
    return found


def _apart(function: Callable, *arguments: object):
    """Call a function in a new Python process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=die_with_parent) as pool:
        return pool.submit(function, *arguments).result()
