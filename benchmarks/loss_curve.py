"""Check whether training in half precision reaches the same loss as in single precision."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.random_models import TOKENS
from benchmarks.speed_table import VERDICTS
from benchmarks.training_step import TrainingStep
from benchmarks.workload import SIZES
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.categories import CATEGORIES
from espnet_kd.report.markdown import GAP, table
from espnet_kd.tasks.base_config import parse_with_base
from espnet_kd.tasks.enh_kd import EnhKDTask

CONFIG = SIZES["mini"].conf / "se/conv_tasnet.yaml"
STEPS = 300
LAST = 50  # final steps, over which the loss is averaged
UTTERANCES = 2
SECONDS = 1.0
SEEDS = (0, 1, 2)
HARMONICS = 20
HEADER = ("training", f"loss of the last {LAST} steps (dB)", "difference (dB)", "met")

NOTES = f"""\
The mini model is trained for {STEPS} steps on voiced syllables in noise. Half precision meets the
target if it changes the final loss by no more than another seed does, that is, other initial
weights and data."""


@dataclass(frozen=True)
class Curves:
    """Mean losses over the last steps, in dB.

    Attributes:
        single: loss by seed, in single precision.
        half: loss of the first seed, in bfloat16.
    """

    single: Mapping[int, float]
    half: float

    @property
    def difference(self) -> float:
        """How much half precision adds to the loss."""
        return self.half - self.single[SEEDS[0]]

    @property
    def noise(self) -> float:
        """The largest difference between two seeds."""
        return max(self.single.values()) - min(self.single.values())


def measure_curves(device: str, steps: int = STEPS, config: Path = CONFIG) -> Curves:
    """Train a small model with several seeds, and with the first of them in bfloat16 too."""
    single = {seed: train(config, seed, None, device, steps) for seed in SEEDS}
    return Curves(single, train(config, SEEDS[0], "bfloat16", device, steps))


def train(
    config: Path, seed: int, autocast_dtype: str | None, device: str, steps: int = STEPS
) -> float:
    """Train a model and return its mean loss over the last steps.

    Args:
        config: YAML file of the training.
        seed: seed of weights and data.
        autocast_dtype: the task's option of that name.
        device: device to train on.
        steps: number of steps.
    """
    args = parse_with_base(EnhKDTask.get_parser, ["--config", str(config)])
    args.token_list, args.ngpu, args.seed = list(TOKENS), int(device == "cuda"), seed
    args.autocast_dtype = autocast_dtype
    step = TrainingStep(args, device)
    losses = []
    batches = speech_like(seed)
    for _ in range(steps):
        step.take(next(batches))
        losses.append(step())
    return statistics.mean(loss.item() for loss in losses[-LAST:])


def speech_like(seed: int) -> Iterator[dict[str, torch.Tensor]]:
    """Yield batches of voiced syllables in noise, without end.

    A syllable is a gliding pitch with harmonics that fall by 6 dB per octave. There are three to
    six syllables per second. The level of the white noise is 0 to 10 dB lower.
    """
    random = torch.Generator().manual_seed(seed)
    size = int(SECONDS * SAMPLE_RATE)
    time = torch.arange(size) / SAMPLE_RATE
    orders = torch.arange(1, HARMONICS + 1).view(-1, 1)
    lengths = torch.full((UTTERANCES,), size)
    category = torch.full((UTTERANCES, 1), CATEGORIES.index("SIMU"))

    def uniform(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(UTTERANCES, 1, generator=random)

    while True:
        pitch = uniform(80, 220) * (1 + uniform(-0.2, 0.2) * torch.sin(uniform(3, 12) * time))
        phase = 2 * math.pi * pitch.cumsum(1) / SAMPLE_RATE
        voice = (torch.sin(orders * phase.unsqueeze(1)) / orders).sum(1)
        syllables = torch.sin(math.pi * (uniform(3, 6) * time + uniform(0, 1))).square()
        speech = 0.1 * voice * syllables
        level = speech.square().mean(1, keepdim=True).sqrt() * 10 ** (uniform(-10, 0) / 20)
        noise = level * torch.randn(UTTERANCES, size, generator=random)
        yield {
            "speech_mix": speech + noise,
            "speech_mix_lengths": lengths,
            "speech_ref1": speech,
            "utt2category": category,
        }


def curve_section(curves: Curves) -> str:
    """Return a Markdown table with one row per training, and notes on it."""
    base = curves.single[SEEDS[0]]
    rows = [(f"float32, seed {SEEDS[0]}", f"{base:.3f}", GAP, GAP)]
    rows += [
        (f"float32, seed {seed}", f"{loss:.3f}", f"{loss - base:+.3f}", GAP)
        for seed, loss in curves.single.items()
        if seed != SEEDS[0]
    ]
    met = VERDICTS[abs(curves.difference) <= curves.noise]
    rows.append(
        (f"bfloat16, seed {SEEDS[0]}", f"{curves.half:.3f}", f"{curves.difference:+.3f}", met)
    )
    return f"{table(HEADER, rows)}\n\n{NOTES}"
