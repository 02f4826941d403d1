"""Clean references of simulated sets from the output of ESPnet's MATLAB simulation."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from espnet_kd.corpora.chime4 import Utterance
from espnet_kd.data.audio import FULL_SCALE, read_samples
from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError

TOLERANCE = 2  # LSB: three signals, each rounded by itself


def reference_paths(
    directory: str | os.PathLike, part: str, utterances: Sequence[Utterance]
) -> dict[str, Path]:
    """`<part>_<env>_simu/<name>.CH<n>.Clean.wav` of each utterance, by id.

    Raises:
        UserError: the channel is unknown because there is no track list.
    """
    paths = {}
    for utterance in utterances:
        if utterance.channel is None:
            raise UserError(
                f"{part}_simu_1ch_track.list",
                f"is missing: the channel of '{utterance.name}' is unknown",
                "give --extra_annotations",
            )
        folder = Path(os.path.abspath(directory)) / f"{part}_{utterance.environment.lower()}_simu"
        paths[utterance.id] = folder / f"{utterance.name}.CH{utterance.channel}.Clean.wav"
    return paths


def verify(utterances: Sequence[Utterance], references: dict[str, Path], nj: int) -> int:
    """Check that noisy - Noise == Clean wherever `.Noise.wav` lies beside `.Clean.wav`.

    Samples at full scale in any of them are clipped and not held against each other.

    Returns:
        How many were checked.

    Raises:
        UserError: lengths differ, or a sample is off by more than `TOLERANCE`.
    """
    pairs = [(utterance.wav, references[utterance.id]) for utterance in utterances]
    return sum(parallel_map(_verify_pair, pairs, nj, "isolated_ext", chunk=16))


def compare(
    ours: Mapping[str, Path], theirs: Mapping[str, Path], nj: int, title: str
) -> dict[str, float]:
    """SI-SNR in dB between two references of an utterance, by id, where both are there."""
    ids = [u for u, path in theirs.items() if u in ours and path.exists()]
    pairs = [(theirs[u], ours[u]) for u in ids]
    return dict(zip(ids, parallel_map(_si_snr, pairs, nj, title, chunk=16), strict=True))


def _si_snr(pair: tuple[Path, Path]) -> float:
    target, estimate = (read_samples(path).astype(np.float64) for path in pair)
    if len(target) != len(estimate):
        raise UserError(
            pair[0],
            f"has {len(target)} samples, the mixture {len(estimate)}",
            "make isolated_ext from this corpus",
        )
    target, estimate = target - target.mean(), estimate - estimate.mean()
    image = (target @ estimate) / (target @ target) * target
    error = np.sum((estimate - image) ** 2)
    return float(10 * np.log10(np.sum(image**2) / max(error, 1e-9)))


def _verify_pair(pair: tuple[Path, Path]) -> bool:
    noisy_path, clean_path = pair
    noise_path = clean_path.with_name(clean_path.name.replace(".Clean.", ".Noise."))
    if not noise_path.exists():
        return False
    noisy, clean, noise = (read_samples(p).astype(np.int32) for p in (*pair, noise_path))
    if not len(noisy) == len(clean) == len(noise):
        raise UserError(
            clean_path,
            f"has {len(clean)} samples, its noise {len(noise)}, the mixture {len(noisy)}",
            "make isolated_ext from this corpus",
        )
    inside = np.abs(np.stack([noisy, clean, noise])).max(axis=0) < FULL_SCALE
    worst = int(np.abs(noisy - noise - clean)[inside].max(initial=0))
    if worst > TOLERANCE:
        raise UserError(
            clean_path,
            f"is off by up to {worst} LSB from {noisy_path.name} less its noise",
            "make isolated_ext from this corpus",
        )
    return True
