"""Write a tiny set, and return the command with which the recipe would train on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from espnet_kd.data.audio import write_samples
from espnet_kd.fileio import write_columns

SAMPLES = 4000
BATCHES = {
    "iterator_type": "sequence",
    "batch_type": "folded",
    "batch_size": 2,
    "fold_length": [100000],
    "best_model_criterion": [["valid", "loss", "min"]],
    "keep_nbest_models": 2,
    "num_workers": 0,
    "seed": 0,
}


def write_tiny_set(directory: Path, kinds: str = "SSRR") -> Path:
    """Write utterances of 0.25 s, tones in noise; S: SIMU, R: REAL without a reference."""
    rng = np.random.default_rng(0)
    columns: dict[str, dict[str, Any]] = {}
    for index, kind in enumerate(kinds):
        category = {"S": "SIMU", "R": "REAL"}[kind]
        name = f"u{index}_{category}"
        reference = 3000 * np.sin(np.arange(SAMPLES) * (0.05 + 0.02 * index))
        mixture = reference + 1500 * rng.standard_normal(SAMPLES)
        for scp, wave in (("wav.scp", mixture), ("spk1.scp", reference)):
            path = directory / scp[:3] / f"{name}.wav"
            write_samples(path, wave.astype(np.int16))
            columns.setdefault(scp, {})[name] = path if scp == "wav.scp" or kind == "S" else "-"
        values = {
            "utt2category": category,
            "utt2num_samples": SAMPLES,
            "text": "STOCKS"[: 3 + index % 3],
            "align": " ".join(str(40 * place) for place in range(3 + index % 3)),
        }
        for file, value in values.items():
            columns.setdefault(file, {})[name] = value
    for file, table in columns.items():
        write_columns(directory / file, table)
    return directory


def command(set_dir: Path, output: Path, config: dict[str, Any], *options: str) -> list[str]:
    """Return the arguments of a training; write its YAML next to the output directory."""
    output.parent.mkdir(exist_ok=True, parents=True)
    file = output.with_suffix(".yaml")
    file.write_text(yaml.safe_dump({**BATCHES, **config}, sort_keys=False))
    cmd = ["--config", str(file), "--output_dir", str(output), "--ngpu", "0", "--resume", "true"]
    cmd += ["--use_tensorboard", "false", "--use_matplotlib", "false"]
    for kind in ("train", "valid"):
        for data in (
            "wav.scp,speech_mix,sound",
            "spk1.scp,speech_ref1,reference",
            "utt2category,category,text",
            "text,text,text",
            "align,align,text_int",
        ):
            cmd += [f"--{kind}_data_path_and_name_and_type", f"{set_dir}/{data}"]
        cmd += [f"--{kind}_shape_file", f"{set_dir}/utt2num_samples"]
    return [*cmd, *options]


def without_text(cmd: list[str]) -> list[str]:
    """Leave the transcripts and alignments out of a command; chunks cannot have them."""
    kept: list[str] = []
    for word in cmd:
        if word.endswith(("text,text,text", "align,align,text_int")):
            kept.pop()  # the name of the option
        else:
            kept.append(word)
    return kept
