"""Write the files that KD losses need: a teacher, a recognizer, acoustic tokens, noises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from espnet_kd.checkpoint import sha256
from espnet_kd.data.audio import write_samples
from espnet_kd.distill.centroids import Centroids, write_centroids
from espnet_kd.fileio import write_columns

from .tiny_models import write_enhancement_model, write_recognizer

WIDTH = 16  # of the recognizer's latents


def teacher_options(directory: Path, settings: dict[str, Any]) -> dict[str, str]:
    """Write an untrained teacher and return the options that name it."""
    config, checkpoint = write_enhancement_model(directory, settings)
    return {"teacher_config": str(config), "teacher_checkpoint": str(checkpoint)}


def resource_options(directory: Path, tokens: int = 8) -> dict[str, str]:
    """Write a recognizer, acoustic tokens and a background; return the options that name them."""
    config, checkpoint = write_recognizer(directory)
    weights = torch.load(checkpoint)
    weights["ctc.ctc_lo.weight"] *= 10  # untrained posteriors are flat
    torch.save(weights, checkpoint)
    vectors = np.random.default_rng(0).standard_normal((tokens, WIDTH)).astype(np.float32)
    write_centroids(directory / "tokens.npz", Centroids(vectors, -1, sha256(checkpoint)))
    noise = np.random.default_rng(1).integers(-2000, 2000, 32000)
    write_samples(directory / "noise.wav", noise.astype(np.int16))
    write_columns(directory / "noise.scp", {"noise": directory / "noise.wav"})
    return {
        "kd_asr_config": str(config),
        "kd_asr_checkpoint": str(checkpoint),
        "kd_centroids": str(directory / "tokens.npz"),
        "second_noise_scp": str(directory / "noise.scp"),
    }
