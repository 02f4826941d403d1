"""Enhance utterances and write them to files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.waves import write_wave
from espnet_kd.inference.batches import Batch, equal_length_batches, padded_batches
from espnet_kd.inference.enhancer import Enhancer, Inputs
from espnet_kd.inference.outputs import mark_not_finite
from espnet_kd.inference.overlap import overlapped
from espnet_kd.inference.utterances import Utterance
from espnet_kd.progress import progress


def enhance_all(
    utterances: Sequence[Utterance], enhancer: Enhancer, max_samples: int, title: str
) -> None:
    """Write the enhanced waveform of each utterance, or mark it as not finite.

    Reading and writing overlap with the model's computation; only a few batches are in memory.

    Args:
        utterances: utterances with `output`.
        enhancer: enhancer to use.
        max_samples: maximum number of samples in a batch.
        title: name of the work for the progress display.
    """

    def read(batch: Batch) -> Inputs:
        return enhancer.read(batch.utterances, batch.num_samples)

    def write(batch: Batch, enhanced: torch.Tensor) -> list[tuple[Utterance, int]]:
        waves = enhanced.cpu().numpy()
        return [
            (utt, _write(utt.output, wave[: utt.num_samples]))
            for utt, wave in zip(batch.utterances, waves, strict=True)
        ]

    make_batches = padded_batches if enhancer.model.padding_invariant else equal_length_batches
    batches = make_batches(utterances, max_samples)
    results = chain.from_iterable(overlapped(batches, read, enhancer.compute, write))
    shown = progress(
        results, title, len(utterances), audio=lambda done: done[0].num_samples / SAMPLE_RATE
    )
    clipped = [count for _, count in shown if count]
    if clipped:
        print(
            f"{title}: {sum(clipped)} samples clipped in {len(clipped)} utterances",
            file=sys.stderr,
        )


def _write(path: Path, wave: np.ndarray) -> int:
    """Write a waveform (T,), or mark it as not finite; return the number of clipped samples."""
    if np.isfinite(wave).all():
        return write_wave(path, wave)
    mark_not_finite(path)
    return 0
