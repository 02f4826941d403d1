"""Compare the enhancement of many utterances, as a whole command, with stock ESPnet's."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.command_cost import Cost, cost_of
from benchmarks.noise_set import write_noise_set
from benchmarks.random_models import write_student
from benchmarks.speed_table import Row, Target, memory_row, time_row
from benchmarks.workload import CONF
from espnet_kd.data.audio import SAMPLE_RATE, read_samples
from espnet_kd.export.stock import export_stock
from espnet_kd.fileio import read_columns

RECIPE = Path(__file__).parents[1] / "egs2/mini_chime4/enh_kd1"
UTTERANCES = 400
SECONDS = {"cpu": 0.75, "cuda": 6.0}  # average length of an utterance
LENGTHS = 100  # different lengths, from SHORTEST to LONGEST times the average
SHORTEST, LONGEST = 0.75, 1.25
LEAST_NOISE = 1e-20  # as a share of the signal; keeps the ratio in dB finite
DECIBELS = 40.0  # agreement required of half precision
OPTIONS = {
    "float32": "--compile true",
    "bfloat16": "--compile true --autocast_dtype bfloat16",
}
TARGETS = {
    ("cpu", "float32"): Target(1.5),
    ("cpu", "bfloat16"): Target(2.5),
    ("cuda", "bfloat16"): Target(15.0),
}
# Stage 10 of the recipe for one model, in a shell set up as by enh_kd.sh.
STAGE = """
set -euo pipefail
cmd_backend=local
. ./path.sh
. ./cmd.sh
. scripts/functions.sh
ngpu=$1 inference_ngpu=$1 inference_nj=$2 enhance_args=$3
enhance_in_jobs espnet_kd.bin.enhance "$4/log/enhance" --out "$4" "${@:5}"
"""


@dataclass(frozen=True)
class Work:
    """A model and the set that it enhances.

    Attributes:
        config: configuration of the model, as our training writes it.
        checkpoint: weights of the model.
        stock: configuration and weights of its export, for stock ESPnet.
        source: set directory.
        ngpu: 1 to use a GPU, else 0.
        threads: cores to use without a GPU.
    """

    config: Path
    checkpoint: Path
    stock: tuple[Path, Path]
    source: Path
    ngpu: int
    threads: int

    def run_stock(self, out: Path) -> Cost:
        """Run `enh_inference` in one process; it reads utterances one by one."""
        config, model = self.stock
        data = f"{self.source}/wav.scp,speech_mix,sound"
        command = [sys.executable, "-m", "espnet2.bin.enh_inference", "--output_dir", str(out)]
        command += ["--ngpu", str(self.ngpu), "--fs", str(SAMPLE_RATE)]
        command += ["--data_path_and_name_and_type", data, "--train_config", str(config)]
        command += ["--model_file", str(model), "--normalize_output_wav", "false"]
        # Let Python write bytecode, as our recipes do.
        settings = {"OMP_NUM_THREADS": str(self.threads), "PYTHONDONTWRITEBYTECODE": ""}
        return cost_of(command, self.source, settings, self.log(out))

    def run_ours(self, out: Path, options: str) -> Cost:
        """Run what stage 10 of the recipe runs."""
        command = ["bash", "-c", STAGE, "stage", str(self.ngpu), str(self.threads), options]
        command += [str(out), "--config", str(self.config), "--checkpoint", str(self.checkpoint)]
        command += ["--sets", str(self.source)]
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return cost_of(command, RECIPE, {"PATH": path}, self.log(out))

    def log(self, out: Path) -> Path:
        """Return the file for what a command prints."""
        return out.with_suffix(".log")


def measure_enhancement(device: str, rounds: int, directory: Path) -> list[Row]:
    """Enhance with stock ESPnet and with ours in both precisions; compare time and samples.

    Args:
        device: device to enhance on.
        rounds: timed rounds; there are no warm-up rounds, as its start is part of a command.
        directory: empty directory for models, audio and outputs.
    """
    work = prepare(CONF / "se/conv_tasnet.yaml", UTTERANCES, SECONDS[device], device, directory)
    costs: dict[str, list[Cost]] = {kind: [] for kind in ("stock", *OPTIONS)}
    for number in range(rounds):
        outs = {kind: directory / f"{kind}{number}" for kind in costs}
        costs["stock"].append(work.run_stock(outs["stock"]))
        for kind, options in OPTIONS.items():
            costs[kind].append(work.run_ours(outs[kind], options))
    seconds = {kind: [cost.seconds for cost in found] for kind, found in costs.items()}
    place = "GPU" if work.ngpu else f"CPU, {work.threads} cores"
    title = f"enhancing {UTTERANCES} utterances of {SECONDS[device]:g} s, whole command, {place}"
    rows = [
        time_row(f"{title}, {kind}", seconds["stock"], seconds[kind], TARGETS.get((device, kind)))
        for kind in OPTIONS
    ]
    rows += agreement_rows(
        *(list(agreements(outs["stock"], outs[kind], work.source)) for kind in OPTIONS)
    )
    memory = {
        kind: statistics.median(cost.megabytes for cost in found) for kind, found in costs.items()
    }
    title = "memory of all enhancement processes"
    return [
        *rows,
        *(memory_row(f"{title}, {kind}", memory["stock"], memory[kind]) for kind in OPTIONS),
    ]


def prepare(config: Path, utterances: int, seconds: float, device: str, directory: Path) -> Work:
    """Write a model with random weights, its export, and a set."""
    model = write_student(config, directory)
    shares = np.linspace(SHORTEST, LONGEST, LENGTHS)
    lengths = [int(share * seconds * SAMPLE_RATE) for share in shares]
    return Work(
        model / "config.yaml",
        model / "model.pth",
        export_stock(model, directory / "stock", "model.pth"),
        write_noise_set(directory / "set", utterances, lengths),
        int(device == "cuda"),
        torch.get_num_threads(),
    )


@dataclass(frozen=True)
class Agreement:
    """How well two waveforms agree, up to a gain.

    Attributes:
        steps: largest difference beyond what the rounding of both explains, in 16-bit units.
        decibels: level of the signal relative to that of the difference, in dB.
    """

    steps: float
    decibels: float


def agreements(stock: Path, ours: Path, source: Path) -> Iterator[Agreement]:
    """Compare the outputs of both commands and yield the agreement of each utterance.

    Args:
        stock: output directory of `enh_inference`.
        ours: output directory of our command.
        source: directory of the set.
    """
    theirs = read_columns(stock / "spk1.scp")
    for name, path in read_columns(ours / source.name / "wav.scp").items():
        yield agreement(*(read_samples(wave).astype(float) for wave in (theirs[name], path)))


def agreement(stock: np.ndarray, ours: np.ndarray) -> Agreement:
    """Compare two waveforms (T,) that may differ by a gain."""
    gain = stock @ ours / (stock @ stock)
    difference = ours - gain * stock
    rounding = abs(gain) + 0.5  # stock truncates to whole numbers, ours rounds
    signal, noise = ours @ ours, difference @ difference
    return Agreement(
        float(np.abs(difference).max() - rounding),
        float(10 * np.log10(signal / max(noise, LEAST_NOISE * signal))),
    )


def agreement_rows(single: Sequence[Agreement], half: Sequence[Agreement]) -> list[Row]:
    """Return a row per precision, about its worst utterance."""
    steps = max(found.steps for found in single)
    decibels = min(found.decibels for found in half)
    return [
        Row(
            "samples compared with stock's up to a gain, float32: largest difference",
            "0",
            f"{max(steps, 0.0):.2f} steps of 16 bits, {min(f.decibels for f in single):.0f} dB",
            target="rounding",
            met=steps <= 0.5,
        ),
        Row(
            "samples compared with stock's up to a gain, bfloat16: worst utterance",
            "0",
            f"{decibels:.1f} dB",
            target=f"{DECIBELS:g} dB",
            met=decibels >= DECIBELS,
        ),
    ]
