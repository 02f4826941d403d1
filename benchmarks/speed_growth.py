"""Measure whether the memory of a long training keeps growing."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

from benchmarks.memory import growth_megabytes
from benchmarks.random_models import TOKENS
from benchmarks.speed_table import Row
from benchmarks.synthetic_batch import synthetic_batch
from benchmarks.training_step import TrainingStep
from benchmarks.workload import SIZES
from espnet_kd.report.markdown import GAP
from espnet_kd.tasks.base_config import parse_with_base
from espnet_kd.tasks.enh_kd import EnhKDTask

CONFIG = SIZES["mini"].conf / "se/conv_tasnet.yaml"
FIRST, LAST = 200, 1000
UTTERANCES = 1
SECONDS = (0.5, 0.6, 0.7, 0.8)  # lengths differ, as in batches of whole utterances
MOST = 10.0  # megabytes


def measure_growth(first: int = FIRST, last: int = LAST, config: Path = CONFIG) -> list[Row]:
    """Train on the CPU, and compare the memory of the process at two steps."""
    args = parse_with_base(EnhKDTask.get_parser, ["--config", str(config)])
    args.token_list = list(TOKENS)
    step = TrainingStep(args, "cpu")
    batches = cycle(
        synthetic_batch(UTTERANCES, seconds, "SIMU", len(TOKENS), paired=False)
        for seconds in SECONDS
    )

    def train() -> None:
        step.take(next(batches))
        step()

    grown = growth_megabytes(train, first, last)
    return [
        Row(
            f"memory gained by a training on {len(SECONDS)} lengths, step {first} to {last}",
            GAP,
            GAP if grown is None else f"{grown:.1f} MB",
            target=f"at most {MOST:g} MB",
            met=None if grown is None else grown <= MOST,
        )
    ]
