"""Measure how long an epoch over many short utterances waits for data."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import torch

from benchmarks.command_cost import cost_of
from benchmarks.noise_set import write_noise_set
from benchmarks.speed_table import Row
from benchmarks.workload import SIZES
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.report.markdown import GAP

UTTERANCES = 10000
VALIDATED = 16
KINDS = 100  # different files
WORKERS = 2
LARGEST_SHARE = 0.05
CHUNK = SAMPLE_RATE * 9 // 10  # shorter than an utterance, so that each yields one chunk
DATA = ("wav.scp,speech_mix,sound", "spk1.scp,speech_ref1,sound", "utt2category,category,text")
# Means over the steps of an epoch; train_time includes iter_time.
WAITING = re.compile(r"\[train\] iter_time=([-+.\de]+),.* train_time=([-+.\de]+)")


def measure_epoch(directory: Path, utterances: int = UTTERANCES) -> list[Row]:
    """Train the mini model for one epoch on utterances of one second, on the CPU.

    Args:
        directory: empty directory for audio and the training.
        utterances: number of utterances.
    """
    log = directory / "train.log"
    settings = {"OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONDONTWRITEBYTECODE": ""}
    cost_of(command(directory, utterances), directory, settings, log)
    waiting, whole = time_of_step(log.read_text(encoding="utf-8"))
    share = waiting / whole
    return [
        Row(
            f"epoch of {utterances} utterances of 1 s, {WORKERS} workers: time waiting for data",
            GAP,
            f"{share:.1%} of {whole * 1000:.0f} ms per step",
            target=f"under {LARGEST_SHARE:.0%}",
            met=share < LARGEST_SHARE,
        )
    ]


def command(directory: Path, utterances: int) -> list[str]:
    """Write the sets, and return the command line of the training."""
    sets = {
        "train": write_noise_set(directory / "train", utterances, [SAMPLE_RATE] * KINDS),
        "valid": write_noise_set(directory / "valid", VALIDATED, [SAMPLE_RATE]),
    }
    words = [sys.executable, "-m", "espnet_kd.bin.enh_kd_train", "--ngpu", "0"]
    words += ["--config", str(SIZES["mini"].conf / "se/conv_tasnet.yaml")]
    words += ["--output_dir", str(directory / "exp"), "--num_workers", str(WORKERS)]
    words += ["--max_epoch", "1", "--num_iters_per_epoch", "none"]
    words += ["--chunk_length", str(CHUNK)]
    for part, source in sets.items():
        words += [f"--{part}_shape_file", f"{source}/utt2num_samples"]
        for data in DATA:
            words += [f"--{part}_data_path_and_name_and_type", f"{source}/{data}"]
    return words


def time_of_step(log: str) -> tuple[float, float]:
    """Return the seconds a step waits and the seconds it takes, from the summary of an epoch."""
    waiting, whole = WAITING.search(log).groups()
    return float(waiting), float(whole)
