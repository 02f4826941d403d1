"""Which microphone a recording of the 1-channel track is from, where no list tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from espnet_kd.corpora.chime4.utterances import CHANNELS, Utterance
from espnet_kd.data.audio import read_samples
from espnet_kd.data.parallel import parallel_map


def with_channels(
    utterances: Sequence[Utterance], folders: Sequence[Path], nj: int, title: str
) -> list[Utterance]:
    """The same utterances; a channel that was None is that of equal samples in `isolated`.

    Args:
        utterances: of the 1-channel track.
        folders: where in `isolated` the six channels of each lie.
        nj: processes.
        title: of the progress line.

    Returns:
        In the same order; a channel stays None where no file is the same.

    Raises:
        UserError: audio that cannot be read.
    """
    if all(utterance.channel is not None for utterance in utterances):
        return list(utterances)
    pairs = list(zip(utterances, folders, strict=True))
    channels = parallel_map(_channel, pairs, nj, title, chunk=16)
    return [replace(u, channel=c) for u, c in zip(utterances, channels, strict=True)]


def _channel(pair: tuple[Utterance, Path]) -> int | None:
    utterance, folder = pair
    if utterance.channel is not None:
        return utterance.channel
    samples = read_samples(utterance.wav)
    for channel in map(int, CHANNELS.split()):
        path = folder / f"{utterance.name}.CH{channel}.wav"
        if path.exists() and np.array_equal(read_samples(path), samples):
            return channel
    return None
