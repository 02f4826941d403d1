"""Make acoustic tokens: cluster a recognizer's latents of clean speech with k-means."""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans

from espnet_kd.data.waves import read_wave
from espnet_kd.enh.recognizer import Recognizer
from espnet_kd.errors import UserError
from espnet_kd.inference.batches import equal_length_batches
from espnet_kd.inference.fork import fork_map
from espnet_kd.inference.utterances import Utterance


@dataclass(frozen=True)
class Clustering:
    """Result of `cluster`.

    Attributes:
        vectors: (K, D) float32 centroids.
        frames: number of frames N.
        inertia: mean squared distance of a frame to its centroid.
        counts: (K,) number of frames in each cluster.
    """

    vectors: np.ndarray
    frames: int
    inertia: float
    counts: np.ndarray

    @property
    def perplexity(self) -> float:
        """Exponential of the entropy of cluster use; K if all clusters are used equally."""
        share = self.counts[self.counts > 0] / self.counts.sum()
        return math.exp(-float((share * np.log(share)).sum()))

    @property
    def empty(self) -> int:
        """Number of clusters without a frame."""
        return int((self.counts == 0).sum())


def choose_utterances(
    utterances: Sequence[Utterance], most: int | None, seed: int
) -> list[Utterance]:
    """Draw at most `most` utterances; return all if `most` is None."""
    if most is None or most >= len(utterances):
        return list(utterances)
    return random.Random(seed).sample(list(utterances), most)


def encode_set(
    recognizer: Recognizer,
    layer: int,
    utterances: Iterable[Utterance],
    device: str = "cpu",
    nj: int = 1,
) -> Iterable[np.ndarray]:
    """Yield the latents of batches of utterances, (frames, D) float32.

    Args:
        recognizer: recognizer that computes the latents.
        layer: see `Recognizer.encode`.
        utterances: utterances to encode; none is padded.
        device: device to compute on.
        nj: number of processes; ignored on a GPU.

    Raises:
        UserError: audio is bad, or the layer does not exist.
    """
    recognizer = recognizer.to(device).eval()

    @torch.inference_mode()
    def work(batch: list[Utterance]) -> np.ndarray:
        waves = np.stack([read_wave(utt.wave, utt.num_samples) for utt in batch])
        lengths = torch.full((len(batch),), waves.shape[1], device=device)
        try:
            latents, _ = recognizer.encode(torch.from_numpy(waves).to(device), lengths, layer)
        except ValueError as error:
            raise UserError("--layer", str(error)) from None
        return latents.flatten(0, 1).float().cpu().numpy()

    batches = [batch.utterances for batch in equal_length_batches(utterances)]
    return fork_map(work, batches, nj if device == "cpu" else 1, "encode")


def cluster(batches: Iterable[np.ndarray], clusters: int, seed: int) -> Clustering:
    """Find centroids by mini-batch k-means (Sculley, WWW 2010); deterministic for a given seed.

    Frames are kept in a temporary file, not in memory: 100 hours of speech with 25 frames per
    second and 256 values per frame are 9 GB. Mini-batches are drawn from all frames.

    Args:
        batches: frames of shape (n, D), float32.
        clusters: number of clusters K.
        seed: seed of the initial centroids and the mini-batches.

    Raises:
        UserError: there are fewer frames than clusters.
    """
    with tempfile.TemporaryFile() as file:
        frames = _store(batches, file)
        if len(frames) < clusters:
            raise UserError(
                "--clusters",
                f"is {clusters}, but there are {len(frames)} frames",
                "give more speech or fewer clusters",
            )
        size = max(1024, 10 * clusters)
        kmeans = MiniBatchKMeans(clusters, random_state=seed, batch_size=size, n_init=3).fit(frames)
        counts = np.bincount(kmeans.labels_, minlength=clusters)
        inertia = float(kmeans.inertia_) / len(frames)
        vectors = kmeans.cluster_centers_.astype(np.float32)
        return Clustering(vectors, len(frames), inertia, counts)


def _store(batches: Iterable[np.ndarray], file: BinaryIO) -> np.ndarray:
    count, width = 0, 0
    for batch in batches:
        file.write(np.ascontiguousarray(batch, dtype=np.float32).data)
        count, width = count + len(batch), batch.shape[1]
    if count == 0:
        return np.empty((0, 0), dtype=np.float32)
    file.flush()
    return np.memmap(file, dtype=np.float32, mode="r", shape=(count, width))
