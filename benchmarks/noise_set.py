"""Write a set directory of noise: many utterances linked to few files with real samples."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from espnet_kd.data.audio import write_samples
from espnet_kd.data.kaldi_dir import write_set

LEVEL = 3000  # root mean square, in 16-bit units


def write_noise_set(directory: Path, utterances: int, lengths: Sequence[int]) -> Path:
    """Write a SIMU set of mixtures and references, and return its directory.

    Args:
        directory: directory of the set; audio goes to its subfolder `audio`.
        utterances: number of utterances, hard links to the files in turn.
        lengths: number of samples of each file.
    """
    random = np.random.default_rng(0)
    for kind, length in enumerate(lengths):
        reference, noise = LEVEL * random.standard_normal((2, length))
        for part, wave in (("spk1", reference), ("mix", reference + noise)):
            samples = np.clip(wave, -32768, 32767).astype(np.int16)
            write_samples(directory / "audio" / part / f"kind{kind}.wav", samples)
    names = {f"spk_{number:06d}_SIMU": number % len(lengths) for number in range(utterances)}
    tables = {
        "wav.scp": {name: _link(directory, "mix", name, kind) for name, kind in names.items()},
        "spk1.scp": {name: _link(directory, "spk1", name, kind) for name, kind in names.items()},
        "text": dict.fromkeys(names, "NOISE"),
        "utt2spk": dict.fromkeys(names, "spk"),
        "utt2category": dict.fromkeys(names, "SIMU"),
        "utt2num_samples": {name: str(lengths[kind]) for name, kind in names.items()},
    }
    write_set(directory, tables)
    return directory


def _link(directory: Path, part: str, name: str, kind: int) -> str:
    folder = directory / "audio" / part
    path = folder / f"{name}.wav"
    os.link(folder / f"kind{kind}.wav", path)
    return str(path)
