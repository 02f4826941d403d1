"""Table of the sizes, multiply-accumulates and speed of trained models."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

from espnet_kd import host
from espnet_kd.checkpoint import read_config
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.report.markdown import GAP, system_title, table
from espnet_kd.report.model_speed import PROCESSES, UTTERANCES, TrainedModel, speeds
from espnet_kd.scoring.complexity import count_macs, count_parameters


class NamedConfig(NamedTuple):
    """Name and `config.yaml` of a stock recognizer or language model."""

    name: str
    config: str


TITLES = {
    "asr_clean": "Clean-condition ASR",
    "asr_multi": "Multi-style ASR",
    "lm": "Language model",
    "aligner": "CTC aligner",
}


def model_table(
    models: Sequence[TrainedModel], set_dir: str, others: Sequence[NamedConfig] = ()
) -> str:
    """Measure each model on the CPU, on utterances of a set, and return a table.

    Args:
        models: models to measure.
        set_dir: set directory with the inputs of the models (`text` and `align` for a teacher).
        others: models whose parameters are counted, without measuring their speed.
    """
    from espnet_kd.inference.loading import conditions, load_enhancer
    from espnet_kd.inference.utterances import read_utterances

    rows, notes = [], []
    for model, speed in zip(models, speeds(models, set_dir), strict=True):
        enhancer = load_enhancer(model.config, model.checkpoint)
        utterance = read_utterances(set_dir, *conditions(enhancer.model))[0]
        macs = count_macs(lambda e=enhancer, u=utterance: e([u]))
        seconds = utterance.num_samples / SAMPLE_RATE
        rows.append(
            (
                system_title(model.name),
                f"{count_parameters(enhancer.model) / 1e6:.3f}",
                f"{macs / seconds / 1e9:.3f}",
                f"{speed.mean:.3f} ± {speed.deviation:.3f}",
            )
        )
    rows += [(TITLES.get(o.name, o.name), f"{_size(o) / 1e6:.3f}", GAP, GAP) for o in others]
    if models:
        notes.append(
            f"GMAC: on one utterance of {seconds:.1f} s. RTF: mean and standard deviation over up "
            f"to {UTTERANCES} utterances in each of {PROCESSES} processes, on the CPU, one thread."
        )
    if any(other.name == "aligner" for other in others):
        notes.append("The teacher is measured without the aligner, which aligns its transcripts.")
    header = ("model", "parameters [M]", "GMAC per second of audio", "RTF")
    return " ".join(notes) + "\n\n" + table(header, rows)


def _size(model: NamedConfig) -> int:
    values = read_config(model.config, "token_list")
    host.prepare()
    if "lm" in values:
        from espnet2.tasks.lm import LMTask as Task
    else:
        from espnet2.tasks.asr import ASRTask as Task
    defaults = vars(Task.get_parser().parse_args([]))
    return count_parameters(Task.build_model(argparse.Namespace(**{**defaults, **values})))
