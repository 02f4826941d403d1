"""Clean references of simulated sets from the output of ESPnet's MATLAB simulation."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import tee
from pathlib import Path

import numpy as np

from espnet_kd.corpora.chime4.utterances import Utterance
from espnet_kd.data.audio import FULL_SCALE, read_samples
from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError

TOLERANCE = 2  # LSB; each of the three signals is rounded separately


def reference_paths(
    directory: str | os.PathLike, part: str, utterances: Iterable[Utterance]
) -> Iterator[tuple[Utterance, Path]]:
    """Yield each utterance and its path, `<part>_<env>_simu/<name>.CH<n>.Clean.wav`.

    Raises:
        UserError: the channel is unknown because there is no track list.
    """
    for utterance in utterances:
        if utterance.channel is None:
            raise UserError(
                f"{part}_simu_1ch_track.list",
                f"is missing: the channel of '{utterance.name}' is unknown",
                "set --extra_annotations",
            )
        folder = Path(os.path.abspath(directory)) / f"{part}_{utterance.environment.lower()}_simu"
        yield utterance, folder / f"{utterance.name}.CH{utterance.channel}.Clean.wav"


def verify(references: Iterable[tuple[Utterance, Path]], nj: int) -> int:
    """Check that noisy - Noise == Clean wherever `.Noise.wav` exists next to `.Clean.wav`.

    Samples at full scale in any of the three are clipped and not compared.

    Returns:
        The number of references checked.

    Raises:
        UserError: lengths differ, or a sample differs by more than `TOLERANCE`.
    """
    pairs = ((utterance.wav, path) for utterance, path in references)
    return sum(parallel_map(_verify_pair, pairs, nj, "isolated_ext", chunk=16))


def compare(
    triples: Iterable[tuple[str, Path, Path]], nj: int, title: str
) -> Iterator[tuple[str, float]]:
    """Return the SI-SNR in dB between two references of an utterance, where both exist.

    Args:
        triples: id, reference from isolated_ext, and our reference.
        nj: processes.
        title: title of the progress line.

    Returns:
        Ids and SI-SNR, in the given order.
    """
    ids, pairs = tee((u, pair) for u, *pair in triples if all(path.exists() for path in pair))
    found = parallel_map(_si_snr, (pair for _, pair in pairs), nj, title, chunk=16)
    return ((u, distance) for (u, _), distance in zip(ids, found, strict=True))


def _si_snr(pair: Sequence[Path]) -> float:
    target, estimate = (read_samples(path).astype(np.float64) for path in pair)
    if len(target) != len(estimate):
        raise UserError(
            pair[0],
            f"has {len(target)} samples, but the mixture has {len(estimate)}",
            "generate isolated_ext from this corpus",
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
            f"has {len(clean)} samples, its noise has {len(noise)}, the mixture {len(noisy)}",
            "generate isolated_ext from this corpus",
        )
    inside = np.abs(np.stack([noisy, clean, noise])).max(axis=0) < FULL_SCALE
    worst = int(np.abs(noisy - noise - clean)[inside].max(initial=0))
    if worst > TOLERANCE:
        raise UserError(
            clean_path,
            f"differs by up to {worst} LSB from {noisy_path.name} minus its noise",
            "generate isolated_ext from this corpus",
        )
    return True
