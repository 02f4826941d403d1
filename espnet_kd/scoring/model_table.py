"""Sizes, arithmetic and speed of the trained models."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import torch

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.scoring.complexity import measure
from espnet_kd.scoring.markdown import system_title, table


class TrainedModel(NamedTuple):
    """A speech-enhancement model by name, `config.yaml` and checkpoint."""

    name: str
    config: str
    checkpoint: str


def model_table(models: Sequence[TrainedModel], set_dir: str) -> str:
    """Measure each model on the CPU, on the first utterance of a set, and show it.

    Args:
        models: what to measure.
        set_dir: set directory with what the models take (`text` and `align` for a teacher).
    """
    from espnet_kd.inference.loading import load_enhancer, read_set

    rows = []
    for model in models:
        options = argparse.Namespace(
            **model._asdict(), ngpu=0, text_name="text", align_name="align"
        )
        enhancer = load_enhancer(options)
        utterance = read_set(set_dir, enhancer, options)[0][0]
        seconds = utterance.num_samples / SAMPLE_RATE
        cost = measure(enhancer.model, lambda e=enhancer, u=utterance: e([u]), seconds)
        rows.append(
            (
                system_title(model.name),
                f"{cost.parameters / 1e6:.3f}",
                f"{cost.macs_per_second / 1e9:.3f}",
                f"{cost.real_time_factor:.3f}",
            )
        )
    note = f"On one utterance of {seconds:.1f} s, CPU, {torch.get_num_threads()} thread(s).\n\n"
    return note + table(("model", "parameters [M]", "GMAC per second of audio", "RTF"), rows)
